"""The command: ``python -m benchmarks [NAME…] [--json] [--quick]``."""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec
from rich.console import Console

from benchmarks import NAMES
from benchmarks.machine import facts
from benchmarks.report import Line, document, show
from benchmarks.rounds import Bench


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]…")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option("--quick", is_flag=True, help="Little work: shows that the benchmarks run; its figures mean little.")
def main(names: tuple[str, ...], as_json: bool, quick: bool) -> None:
    """Measure, beside peers. Without a NAME: all of them. Exit code 1 if one broke; a missed aim is no error."""
    machine = facts()
    out, err = Console(width=None if sys.stdout.isatty() else 120), Console(stderr=True)
    found: dict[str, list[Line]] = {}
    broken = False
    if not as_json:
        out.print(f"{machine['cores']} x {machine['cpu']}, Python {machine['python']}, commit {machine['commit']}")
    for name in names or NAMES:
        err.print(f"[dim]{name} …[/dim]", highlight=False)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"artdagd-bench-{name}-") as folder:
            try:
                found[name] = importlib.import_module(f"benchmarks.{name}").measure(Bench(Path(folder), quick))
            # One benchmark that breaks must not take the others' figures with it.
            except Exception:
                err.print_exception()
                broken = True
                continue
        err.print(f"[dim]{name}: {time.monotonic() - started:.0f} s[/dim]", highlight=False)
        if not as_json:
            show(name, found[name], out)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(document(found, machine, quick)), indent=2).decode())
    sys.exit(broken)


if __name__ == "__main__":
    main()
