"""Jobs that wait: those whose work it is take turns, and each one's jobs keep their order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """A queue of items by number, in which everybody for whom something waits is served in turn."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[int, T]] = OrderedDict()
        self._whose: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._whose)

    def __iter__(self) -> Iterator[int]:
        """The numbers of what waits, each one's after the other's."""
        for items in self._waiting.values():
            yield from items

    def put(self, number: int, item: T, whose: str, *, first: bool = False) -> None:
        """Queue an item at the end of what waits for ``whose``; ``first``: before all that waits for anybody."""
        self._whose[number] = whose
        items = self._waiting.setdefault(whose, OrderedDict())
        items[number] = item
        if first:
            items.move_to_end(number, last=False)
            self._waiting.move_to_end(whose, last=False)

    def peek(self) -> T:
        """What :meth:`take` would take."""
        return next(iter(next(iter(self._waiting.values())).values()))

    def front(self, most: int) -> Iterator[T]:
        """Up to ``most`` items that wait for the one whose turn it is, in their order."""
        yield from islice(next(iter(self._waiting.values())).values(), most)

    def take(self, number: int | None = None) -> T:
        """The next item, or another one of those that wait for the one whose turn it is; after it, it is the turn of
        the others."""
        whose, items = next(iter(self._waiting.items()))
        number = next(iter(items)) if number is None else number
        item = items.pop(number)
        self._waiting.move_to_end(whose)
        self._forget(number, whose)
        return item

    def drop(self, number: int) -> None:
        """Remove an item; nothing happens if it does not wait."""
        whose = self._whose.get(number)
        if whose is not None:
            del self._waiting[whose][number]
            self._forget(number, whose)

    def _forget(self, number: int, whose: str) -> None:
        del self._whose[number]
        if not self._waiting[whose]:
            del self._waiting[whose]
