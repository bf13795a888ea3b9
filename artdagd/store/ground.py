"""The folders of a store, which are made again when somebody deletes them while it works."""

from __future__ import annotations

import os

from artdagd.store.layout import Layout


class Ground:
    """``turn`` counts how often they had to be made again: what was on its way meanwhile may be gone."""

    def __init__(self, layout: Layout) -> None:
        self.turn = 0
        self._layout = layout
        self._tmp = -1

    def make(self) -> None:
        """Raises OSError."""
        for folder in self._layout.folders:
            folder.mkdir(parents=True, exist_ok=True)
        self._close()
        # As long as it is open no other folder can have its inode number.
        self._tmp = os.open(self._layout.tmp, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def mend(self) -> bool:
        """Whether folders were missing, which are there again. Raises OSError."""
        if self._tmp < 0 or self._is_whole():
            return False
        self.make()
        self.turn += 1
        return True

    def _is_whole(self) -> bool:
        try:
            there = all(folder.is_dir() for folder in self._layout.folders)
            return there and os.path.samestat(os.stat(self._layout.tmp), os.fstat(self._tmp))
        except OSError:
            return False

    def _close(self) -> None:
        if self._tmp >= 0:
            os.close(self._tmp)
            self._tmp = -1

    def __del__(self) -> None:
        self._close()
