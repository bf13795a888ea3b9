"""Collects what is wrong with one text, so that its author sees everything at once."""

from __future__ import annotations

from typing import Protocol

from artdagd.errors import Fault, InvalidRecipe

MOST = 100
"""More faults than these are counted, not listed: a hostile text must not make a huge answer."""


class Placed(Protocol):
    """Something at a line and a column, both counted from 1, the column in characters."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class Faults:
    """The faults of one text, in the order of the text."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._more = False

    @property
    def full(self) -> bool:
        """Whether more faults would not be listed, so that it is useless to look for them."""
        return len(self._found) >= MOST

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, at: Placed, loc: str, msg: str) -> None:
        if self.full:
            self._more = True
        else:
            self._found.append(Fault(loc, msg, at.line, at.column))

    def error(self) -> InvalidRecipe:
        """All faults as one error; its detail is the first of them and how many there are."""
        faults = sorted(self._found, key=lambda fault: (fault.line or 0, fault.column or 0))
        first = faults[0]
        others = f"{len(faults) - 1}{' or more' if self._more else ''}"
        rest = "" if len(faults) == 1 else f" (and {others} more)"
        return InvalidRecipe(f"line {first.line}, column {first.column}: {first.msg}{rest}", faults=faults)
