"""How a worker gets the files of a node: from its folder if that can be seen, else over HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from artdagd.workers.depot import Depot
from artdagd.workers.messages import Look
from artdagd.workers.sign import seen

if TYPE_CHECKING:
    from artdagd.workers.carrier import Carrier

log = logging.getLogger(__name__)

ANY = ("0.0.0.0", "::")  # noqa: S104
"""Where a node listens that listens everywhere: no address to go to."""

TELL = 1.0
"""Seconds between words to the node that bytes move."""


class Far:
    """Answers Look for a worker that connects to ``address``. ``carrier`` is set if files go over HTTP.

    ``folder`` and ``most`` are of its :class:`Depot`. ``only``: don't look for the node's folder.
    """

    def __init__(self, address: str, folder: Path, most: int, *, only: bool = False) -> None:
        self.carrier: Carrier | None = None
        self._address = address
        self._folder = folder
        self._most = most
        self._only = only
        self._depot: Depot | None = None

    def look(self, look: Look) -> str | None:
        """What ``Hello.seen`` is to be; None if there is no way to the files at the moment. Raises ConfigError."""
        self.carrier = None
        found = "" if self._only else seen(look.file)
        if found:
            return found
        if not look.url:
            return None
        # Imported here: beside the node nobody needs an HTTP client.
        from artdagd.workers.carrier import Carrier

        self._depot = self._depot or Depot(self._folder, self._most)
        carrier = Carrier(_reachable(look.url, self._address), self._depot)
        if reason := carrier.reach():
            log.warning("files of the node can't be had from %s: %s", carrier.url, reason)
            return None
        log.info("files go over %s, and are kept in %s", carrier.url, self._folder)
        self.carrier = carrier
        return ""


class Unwanted(Exception):
    """The job was cancelled during a transfer."""


class Transfer:
    """The transfers of one job. ``tell`` is called about once a second in which bytes moved."""

    def __init__(self, cancelled: Callable[[], bool], tell: Callable[[], None]) -> None:
        self._cancelled = cancelled
        self._tell = tell
        self._moved = self._said = 0
        self._at = time.monotonic()

    def moved(self, count: int) -> None:
        self._moved += count

    def check(self) -> None:
        """Raises Unwanted. Called often."""
        if self._cancelled():
            raise Unwanted
        if self._moved > self._said and time.monotonic() - self._at >= TELL:
            self._said, self._at = self._moved, time.monotonic()
            self._tell()


def _reachable(url: str, address: str) -> str:
    """The node's HTTP, at the host of its worker socket if it listens everywhere."""
    parts = urlsplit(url)
    host = address.removeprefix("tcp://").rpartition(":")[0]
    if parts.hostname not in ANY or not address.startswith("tcp://"):
        return url.rstrip("/")
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl().rstrip("/")
