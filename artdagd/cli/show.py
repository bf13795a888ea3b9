"""How ``artdagctl`` speaks: tables and progress bars for a person, one JSON document with ``--json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])


class Show:
    """Where output goes. Results to standard output; progress and remarks to standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False)

    def value(self, value: Any, lines: Iterable[str] = ()) -> None:
        """The result: as JSON, or as lines made for a person."""
        if self.as_json:
            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        else:
            for line in lines:
                self._out.print(line, markup=False)

    def table(self, value: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        if self.as_json:
            self.value(value)
            return
        rows = list(rows)
        if not rows:
            self._out.print(empty, markup=False)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
        self._out.print(table)

    def remark(self, text: str) -> None:
        if not self.as_json:
            # As one line: a CID that is broken in two can't be copied.
            self._err.print(text, markup=False, soft_wrap=True)

    def bar(self, *, transfer: bool = False) -> Progress:
        """A progress bar on standard error; silent with ``--json``."""
        columns = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), TaskProgressColumn()]
        extra = DownloadColumn() if transfer else TimeRemainingColumn()
        # A transient bar leaves nothing but an empty line where there is no terminal to erase it from.
        off = self.as_json or (transfer and not self._err.is_terminal)
        return Progress(*columns, extra, console=self._err, disable=off, transient=transfer)


def size(count: float) -> str:
    """Bytes for a person: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def json_option(function: F) -> F:
    """``--json`` on a command; the command gets a ``show`` argument."""

    def make(context: click.Context, _: click.Parameter, value: bool) -> Show:
        return Show(value)

    return click.option(
        "--json", "show", is_flag=True, callback=make, help="Print one JSON document and nothing else."
    )(function)
