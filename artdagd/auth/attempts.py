"""How often one address has shown a wrong token lately. A right one is never held up."""

from __future__ import annotations

import time
from collections import OrderedDict

from artdagd.errors import TooBusy

WINDOW = 60.0
"""Seconds in which failures count."""

MOST = 30
"""Failures of one address in a window; then its wrong tokens are answered 429."""

ADDRESSES = 10_000
"""Addresses that are remembered; the one that failed longest ago is forgotten first."""


class Attempts:
    """Failures by address."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str) -> None:
        """Count a failure. Raises TooBusy if there were too many."""
        now = time.monotonic()
        began, count = self._failed.pop(address, (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
        self._failed[address] = (began, count + 1)
        if len(self._failed) > ADDRESSES:
            self._failed.popitem(last=False)
        if count >= MOST:
            wait = max(1, round(began + WINDOW - now))
            raise TooBusy(f"{count + 1} wrong tokens came from {address} in a minute", retry_after=wait)
