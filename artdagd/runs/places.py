"""Bounded places, overall and for each user: a flood takes the places of who sends it, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from artdagd.errors import TooBusy


class Places:
    """At most ``most`` of ``what`` (a plural noun) at once, and ``most_each`` of one user.

    ``retry_after``: seconds after which one who found none may ask again.
    """

    def __init__(self, what: str, most: int, most_each: int, retry_after: int = 10) -> None:
        self._what = what
        self._most = most
        self._most_each = most_each
        self._retry_after = retry_after
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @contextmanager
    def one(self, user: str) -> Iterator[None]:
        """A place for ``user``, free again at the end. Raises TooBusy if there is none."""
        self.claim(user)
        try:
            yield
        finally:
            self.free(user)

    def claim(self, user: str) -> None:
        """A place for ``user``; :meth:`free` gives it back. Raises TooBusy if there is none."""
        if self._taken[user] >= self._most_each:
            raise self._busy(f"{user} has {self._taken[user]} {self._what}, the limit for one user")
        if len(self) >= self._most:
            raise self._busy(f"this node has {len(self)} {self._what}, its limit")
        self.take(user)

    def take(self, user: str) -> None:
        """As :meth:`claim`, for what can't be refused."""
        self._taken[user] += 1

    def free(self, user: str) -> None:
        self._taken[user] -= 1
        if not self._taken[user]:
            del self._taken[user]

    def _busy(self, detail: str) -> TooBusy:
        return TooBusy(detail, advice="Try again later.", retry_after=self._retry_after)
