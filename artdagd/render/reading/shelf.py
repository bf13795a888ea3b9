"""The files that a worker reads, kept open between the parts of a pass: their packets are looked through once, and a
part that begins where the last one ended is decoded on from there."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from artdagd.render.failures import reporting
from artdagd.render.reading.opening import open_media
from artdagd.render.reading.source import Source, examine
from artdagd.render.streams import Media

PLACES = 4
"""Files; each may hold a decoder with its pictures."""


class Shelf:
    """The files that were read last. A file is another one when its content may have changed."""

    def __init__(self) -> None:
        self._sources: OrderedDict[tuple[str | int, ...], Source] = OrderedDict()

    def source(self, path: Path) -> Media:
        """As :func:`artdagd.render.reading.source.open_source`, whose errors it raises."""
        with reporting("the file can't be opened as media"):
            state = path.stat()
        name = (str(path), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        kept = self._sources.pop(name, None)
        if kept is None:
            with open_media(path) as container:
                kept = examine(path, container)
            self._close(PLACES - 1)
        kept.renew()
        self._sources[name] = kept
        return kept.media

    def clear(self) -> None:
        """Close them all."""
        self._close(0)

    def _close(self, most: int) -> None:
        while len(self._sources) > most:
            self._sources.popitem(last=False)[1].close()
