"""How often an address tried to sign in lately, or a name was tried, in vain."""

from __future__ import annotations

import time
from collections import OrderedDict

from artdagd_federation_l2.registry.errors import Refused

WINDOW = 300.0
"""Seconds in which failures count."""

MOST = 20
"""Failures of one address, or for one name, in a window; then neither is listened to before its end."""

REMEMBERED = 10_000
"""Addresses and names; the one that was met longest ago is forgotten first."""


class Attempts:
    """Failures by address and by name. A right guess is held up too, or a guesser could tell it by that."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def begin(self, *who: str) -> None:
        """Count a failure until :meth:`succeeded`. Raises Refused (429) if one of ``who`` failed too often."""
        now = time.monotonic()
        known = {one: kept for one in who if now - (kept := self._failed.get(one, (now, 0)))[0] < WINDOW}
        for began, count in known.values():
            if count >= MOST:
                wait = max(1, round(began + WINDOW - now))
                raise Refused(429, f"too many wrong passwords: try again in {wait} seconds", retry_after=wait)
        for one in who:
            began, count = known.get(one, (now, 0))
            self._failed.pop(one, None)
            self._failed[one] = (began, count + 1)
        while len(self._failed) > REMEMBERED:
            self._failed.popitem(last=False)

    def succeeded(self, *who: str) -> None:
        for one in who:
            began, count = self._failed.get(one, (0.0, 0))
            if count:
                self._failed[one] = (began, count - 1)
