"""Where files are kept that are not what their name says, for somebody to look at: a bounded number of them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

MOST = 1000
"""Files that are kept."""

MOST_BYTES = 4 << 30
"""Bytes that they come to at most, but for the last one."""


class Quarantine:
    """Files in ``folder``. Those that came first are deleted for those that come. Its methods block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, place: Path, name: str) -> Path:
        """Move the file ``place`` here; where it is now. Raises OSError."""
        cell = self._folder / name
        os.replace(place, cell)
        self._prune(cell)
        return cell

    def _prune(self, last: Path) -> None:
        try:
            found = [(one, one.lstat()) for one in self._folder.iterdir() if one != last]
            kept, size = 1, last.lstat().st_size
            # A rename sets the time of change: by it they are in the order in which they came.
            for path, state in sorted(found, key=lambda one: one[1].st_ctime_ns, reverse=True):
                kept, size = kept + 1, size + state.st_size
                if kept > MOST or size > MOST_BYTES:
                    path.unlink(missing_ok=True)
        except OSError as error:  # another prunes, too, or the disk is in trouble: what was put is here
            log.warning("the oldest files in %s could not be deleted: %s", self._folder, error.strerror)
