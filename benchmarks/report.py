"""What a benchmark found: lines of us, peer and ratio; as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.table import Table


class Aim(msgspec.Struct, frozen=True):
    """A bound on the ratio us / peer, or on our own median in the line's unit."""

    of: Literal["ratio", "us"]
    bound: Literal["at least", "at most"]
    value: float

    def met(self, line: Line) -> bool | None:
        """None where it can't be told: there was no peer."""
        figure = line.ratio if self.of == "ratio" else median(line.us)
        if figure is None:
            return None
        return figure >= self.value if self.bound == "at least" else figure <= self.value

    def text(self, unit: str) -> str:
        sign = "≥" if self.bound == "at least" else "≤"
        return f"{sign} {self.value:g} {'× peer' if self.of == 'ratio' else unit}"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison. ``us`` and ``peer`` hold one figure a round, in ``unit``; ``peer`` is empty where there is none.

    ``missing`` says how to get a peer that is not installed.
    """

    what: str
    unit: str
    us: tuple[float, ...]
    peer_name: str = ""
    peer: tuple[float, ...] = ()
    missing: str = ""
    aims: tuple[Aim, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Our median divided by the peer's."""
        return median(self.us) / median(self.peer) if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether every aim is met; None without aims, or where none can be told."""
        told = [met for aim in self.aims if (met := aim.met(self)) is not None]
        return all(told) if told else None


def at_least(value: float, of: Literal["ratio", "us"] = "ratio") -> Aim:
    return Aim(of, "at least", value)


def at_most(value: float, of: Literal["ratio", "us"] = "ratio") -> Aim:
    return Aim(of, "at most", value)


def document(found: dict[str, list[Line]], machine: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Everything, in JSON types."""
    lines = [{"benchmark": name, **_plain(line)} for name, several in found.items() for line in several]
    return {"machine": machine, "quick": quick, "lines": lines}


def show(name: str, lines: Sequence[Line], console: Console) -> None:
    """One table a benchmark."""
    table = Table(title=name, title_justify="left", title_style="bold", header_style="bold")
    for title in ("what", "us", "peer", "ratio", "aim", ""):
        table.add_column(title, justify="left" if title in ("what", "aim", "") else "right")
    for line in lines:
        ratio = f"{line.ratio:.3g} x" if line.ratio is not None else "-"
        peer = _rounds(line.peer, line.unit) if line.peer else "-"
        named = f"{line.what}\n[dim]beside {line.peer_name}[/dim]" if line.peer_name else line.what
        named += f"\n[yellow]skipped: {line.missing}[/yellow]" if line.missing else ""
        aims = ", ".join(aim.text(line.unit) for aim in line.aims)
        verdict = {True: "[green]pass[/green]", False: "[red]miss[/red]", None: ""}[line.met]
        table.add_row(named, _rounds(line.us, line.unit), peer, ratio, aims, verdict)
    console.print(table)


def _plain(line: Line) -> dict[str, Any]:
    peer = {"name": line.peer_name, "median": median(line.peer) if line.peer else None, "rounds": list(line.peer)}
    return {
        "what": line.what,
        "unit": line.unit,
        "us": {"median": median(line.us), "rounds": list(line.us)},
        "peer": {**peer, "missing": line.missing or None} if line.peer_name else None,
        "ratio": line.ratio,
        "aims": [{"text": aim.text(line.unit), "met": aim.met(line)} for aim in line.aims],
        "met": line.met,
    }


def _rounds(figures: Sequence[float], unit: str) -> str:
    """The median, and the least and the most where they differ."""
    text = f"{_figure(median(figures))} {unit}"
    least, most = _figure(min(figures)), _figure(max(figures))
    return text if least == most else f"{text}\n[dim]{least} to {most}[/dim]"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
