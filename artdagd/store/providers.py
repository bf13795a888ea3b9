"""The storage providers behind the local blobs: copies go out to them, and missing blobs come in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from artdagd.errors import ArtdagError
from artdagd.hooks import StorageBackend
from artdagd.store.incoming import Incoming

log = logging.getLogger(__name__)

OWED = 100_000
"""Blobs whose replication is remembered as owed."""


class WrongBytes(Exception):
    """A provider gave bytes that do not hash to the name asked for."""


class Providers:
    """Storage backends in their order. None of them is trusted, and none of their failures fails a put.

    ``timeout``: seconds that one may take for its next chunk, or to save a megabyte, or to delete.
    """

    def __init__(self, backends: Sequence[StorageBackend], timeout: float) -> None:
        self.owed: dict[str, dict[int, str]] = {}
        self._backends = tuple(backends)
        self._timeout = timeout

    async def save(self, cid: str, path: Path, size: int) -> None:
        """Give every provider that lacks it the blob ``cid`` of ``size`` bytes; what fails is logged, and owed."""
        if not self._backends:
            return
        owed = self.owed.setdefault(cid, dict.fromkeys(range(len(self._backends)), "pending"))
        if len(self.owed) > OWED:
            del self.owed[next(iter(self.owed))]
        await asyncio.gather(*(self._save(index, cid, path, size, owed) for index in list(owed)))
        if not owed:
            self.owed.pop(cid, None)

    async def _save(self, index: int, cid: str, path: Path, size: int, owed: dict[int, str]) -> None:
        backend = self._backends[index]
        try:
            async with asyncio.timeout(self._timeout * (1 + size / 1e6)):
                await backend.save(cid, path)
        except Exception as error:
            log.warning("%s could not save %s: %r", type(backend).__name__, cid, error)
            owed[index] = str(error) or type(error).__name__
        else:
            owed.pop(index, None)

    async def load(self, cid: str, receive: Callable[[], Incoming]) -> Literal["found", "missing", "wrong", "failed"]:
        """Bring ``cid`` in through what ``receive`` makes, whose commit raises :class:`WrongBytes` on a mismatch.

        Returns the worst that was met if no provider gave it. Raises StorageFull and the like for a failure of ours.
        """
        met: set[Literal["wrong", "failed"]] = set()
        for backend in self._backends:
            try:
                await self._load(backend, cid, receive)
            except FileNotFoundError:
                continue
            except ArtdagError:
                raise
            except WrongBytes as error:
                log.error("%s gave %s", type(backend).__name__, error)
                met.add("wrong")
            except Exception as error:
                log.warning("%s could not give %s: %r", type(backend).__name__, cid, error)
                met.add("failed")
            else:
                return "found"
        return "wrong" if "wrong" in met else "failed" if met else "missing"

    async def _load(self, backend: StorageBackend, cid: str, receive: Callable[[], Incoming]) -> None:
        chunks = backend.load(cid)
        try:
            async with receive() as incoming:
                while (chunk := await asyncio.wait_for(anext(chunks, None), self._timeout)) is not None:
                    await incoming.write(chunk)
                await incoming.commit()
        finally:
            close = getattr(chunks, "aclose", None)  # an async generator; a plain iterator has nothing to close
            if close is not None:
                await close()

    async def delete(self, cid: str) -> None:
        """Make every provider forget ``cid``; a failure is logged."""
        self.owed.pop(cid, None)
        for backend in self._backends:
            try:
                async with asyncio.timeout(self._timeout):
                    await backend.delete(cid)
            except Exception as error:
                log.warning("%s could not delete %s: %r", type(backend).__name__, cid, error)

    async def close(self) -> None:
        """Close every provider."""
        for backend in self._backends:
            try:
                await backend.close()
            except Exception as error:
                log.warning("%s could not be closed: %r", type(backend).__name__, error)
