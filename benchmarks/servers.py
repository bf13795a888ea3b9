"""Bare servers to compare with: one framework, one server, nothing behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import answers, free_port, python, running


@contextmanager
def bare(part: str, folder: Path, file: Path) -> Iterator[int]:
    """``parts/<part>.py`` until the block ends; its port. ``file`` is what it sends, or writes uploads to."""
    port = free_port()
    command = python(part, port, file)
    with running(command, folder / f"{part}-{port}.log", lambda: answers(f"http://127.0.0.1:{port}/run")):
        yield port
