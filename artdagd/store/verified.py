"""Which files were hashed and found sound; the others, when they are found out, go to quarantine."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections import OrderedDict
from pathlib import Path

from artdagd.cid import CID, names_file
from artdagd.store.files import problem, stamp
from artdagd.store.quarantine import Quarantine

log = logging.getLogger(__name__)

REMEMBERED = 100_000
"""Files whose verification is remembered."""


class Verified:
    """Hashes each file once per (inode, mtime in ns, size), in a thread. What is wrong is moved to ``quarantine``."""

    def __init__(self, quarantine: Path) -> None:
        self._quarantine = Quarantine(quarantine)
        self._seen: OrderedDict[Path, tuple[int, int, int]] = OrderedDict()

    def remember(self, place: Path, seen: tuple[int, int, int]) -> None:
        """``place`` was found sound when its :func:`stamp` was ``seen``."""
        self._seen[place] = seen
        self._seen.move_to_end(place)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def forget(self, place: Path) -> None:
        self._seen.pop(place, None)

    def seen(self, place: Path) -> tuple[int, int, int] | None:
        """The stamp with which ``place`` was found sound; None if it has another by now, or is gone or forgotten."""
        try:
            now = stamp(os.stat(place, follow_symlinks=False))
        except OSError:
            return None
        return now if self._seen.get(place) == now else None

    async def sound(self, place: Path, cid: CID, *, again: bool = False) -> bool | None:
        """Whether ``place`` holds what ``cid`` names; None if there is no file. A wrong one goes to quarantine.

        With ``again`` it is hashed even if it is remembered as sound.

        Raises Unavailable if the file can't be read for a reason that is not the disk's decay.
        """
        try:
            before = stamp(os.stat(place, follow_symlinks=False))
        except FileNotFoundError:
            return None
        if self._seen.get(place) == before and not again:
            return True
        try:
            good = await asyncio.to_thread(names_file, cid, place)
        except OSError as error:
            if error.errno != errno.EIO:
                raise problem(error, f"{cid} could not be read") from error
            good = False
        if good:
            self.remember(place, before)
            return True
        self.forget(place)
        try:
            cell = await asyncio.to_thread(self._quarantine.put, place, f"{place.name}.{before[0]}.{before[1]}")
        except OSError as error:
            raise problem(error, f"{cid} is corrupt and could not be moved to quarantine") from error
        log.error("%s no longer held what its name says, moved to %s", place, cell)
        return False
