"""How ``artdagctl`` speaks: tables and progress bars for a person, one JSON document with ``--json``.

Results go to standard output, remarks and bars to standard error. Lines are never wrapped: a CID stays one word.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from artdagd.cli.problems import clean

F = TypeVar("F", bound=Callable[..., Any])


class Show:
    """Where output goes."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def value(self, value: Any, lines: Iterable[str] = ()) -> None:
        """The result: as JSON, or as lines made for a person."""
        if self.as_json:
            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
            return
        for line in lines:
            click.echo(clean(line))

    def page(self, page: dict[str, Any], columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        """A page of a list as a table, and where its next page is."""
        self.table(page, columns, rows, empty)
        if page["has_more"]:
            self.remark(f"{page['total']} in all; more: --page {page['page'] + 1}")

    def table(self, value: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        if self.as_json:
            self.value(value)
            return
        cells = [[_cell(cell) for cell in row] for row in rows]
        if not cells:
            self.remark(empty)
            return
        widths = [max(cell_len(row[at]) for row in [list(columns), *cells]) for at in range(len(columns))]
        click.echo(click.style(_line(columns, widths), bold=True))
        for row in cells:
            click.echo(_line(row, widths))

    def remark(self, text: str) -> None:
        if not self.as_json:
            click.echo(clean(text), err=True)

    def bar(self, *, transfer: bool = False) -> Progress:
        """A progress bar on standard error; nothing with ``--json``, or where nobody looks."""
        columns = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), TaskProgressColumn()]
        extra = DownloadColumn() if transfer else TimeRemainingColumn()
        silent = self.as_json or not sys.stderr.isatty()
        return Progress(*columns, extra, console=Console(stderr=True), disable=silent, transient=transfer)


def _cell(value: Any) -> str:
    return "" if value is None else clean(value).replace("\n", " ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def size(count: float) -> str:
    """Bytes for a person: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def details(view: Mapping[str, Any]) -> list[str]:
    """The fields of one thing that say something, each in a line."""
    said = {name: value for name, value in view.items() if value not in (None, "", [], {})}
    plain = (str, int, float)
    return [
        f"{name:12} {value if type(value) in plain else json.dumps(value, ensure_ascii=False)}"
        for name, value in said.items()
    ]


def json_option(function: F) -> F:
    """``--json`` on a command; the command gets a ``show`` argument."""

    def make(context: click.Context, _: click.Parameter, value: bool) -> Show:
        return Show(value)

    return click.option(
        "--json", "show", is_flag=True, callback=make, help="Print one JSON document and nothing else."
    )(function)


def page_options(function: F) -> F:
    """``--page`` and ``--limit`` on a command that lists."""
    limit = click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100), help="Items a page.")
    page = click.option("--page", default=1, type=click.IntRange(1, 1_000_000), help="Which page; newest first.")
    return page(limit(function))
