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
    """Storage backends by id, in their order. None of them is trusted, and none of their failures fails a put.

    ``timeout``: seconds that one may take for its next chunk, or to save a megabyte, or to delete.
    """

    def __init__(self, backends: Sequence[StorageBackend], timeout: float) -> None:
        self.owed: dict[str, dict[str, str]] = {}
        self._backends = {f"settings-{index}": backend for index, backend in enumerate(backends)}
        self._timeout = timeout
        self._synchronous: set[str] = set()

    async def add(self, provider_id: str, backend: StorageBackend, *, synchronous: bool = False) -> None:
        """Use ``backend`` from now on, for new blobs and for those that are missing, and no more what had its id.

        For a ``synchronous`` one, :meth:`missed` tells what an upload has to wait for.
        """
        before = self._backends.get(provider_id)
        self._backends[provider_id] = backend
        self._synchronous.discard(provider_id)
        if synchronous:
            self._synchronous.add(provider_id)
        if before is not None:
            await self._close(before)

    def missed(self, cid: str) -> dict[str, str]:
        """The synchronous providers that lack ``cid``, each with why."""
        return {key: why for key, why in self.owed.get(cid, {}).items() if key in self._synchronous}

    async def remove(self, provider_id: str) -> None:
        """Use it no more, and close it; what it keeps stays. No error if it is not in use."""
        self._synchronous.discard(provider_id)
        backend = self._backends.pop(provider_id, None)
        for owed in self.owed.values():
            owed.pop(provider_id, None)
        if backend is not None:
            await self._close(backend)

    async def save(self, cid: str, path: Path, size: int) -> None:
        """Give every provider that lacks it the blob ``cid`` of ``size`` bytes; what fails is logged, and owed."""
        if not self._backends:
            return
        owed = self.owed.setdefault(cid, dict.fromkeys(self._backends, "pending"))
        if len(self.owed) > OWED:
            del self.owed[next(iter(self.owed))]
        await asyncio.gather(*(self._save(key, cid, path, size, owed) for key in list(owed)))
        if not owed:
            self.owed.pop(cid, None)

    async def _save(self, key: str, cid: str, path: Path, size: int, owed: dict[str, str]) -> None:
        backend = self._backends.get(key)
        if backend is None:
            return
        try:
            async with asyncio.timeout(self._timeout * (1 + size / 1e6)):
                await backend.save(cid, path)
        except Exception as error:
            log.warning("%s could not save %s: %r", type(backend).__name__, cid, error)
            if key in self._backends:  # it may have been removed meanwhile
                owed[key] = str(error) or type(error).__name__
        else:
            owed.pop(key, None)

    async def load(self, cid: str, receive: Callable[[], Incoming]) -> Literal["found", "missing", "wrong", "failed"]:
        """Bring ``cid`` in through what ``receive`` makes, whose commit raises :class:`WrongBytes` on a mismatch.

        Returns the worst that was met if no provider gave it. Raises StorageFull and the like for a failure of ours.
        """
        met: set[Literal["wrong", "failed"]] = set()
        for backend in list(self._backends.values()):
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
        for backend in list(self._backends.values()):
            try:
                async with asyncio.timeout(self._timeout):
                    await backend.delete(cid)
            except Exception as error:
                log.warning("%s could not delete %s: %r", type(backend).__name__, cid, error)

    async def close(self) -> None:
        """Close every provider."""
        for backend in list(self._backends.values()):
            await self._close(backend)

    async def _close(self, backend: StorageBackend) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await backend.close()
        except Exception as error:
            log.warning("%s could not be closed: %r", type(backend).__name__, error)
