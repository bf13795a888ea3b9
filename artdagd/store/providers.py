"""The storage providers behind the local blobs: called within bounds, and left alone while they fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from artdagd.errors import ArtdagError, Unavailable
from artdagd.hooks import StorageBackend
from artdagd.store.circuit import Circuit
from artdagd.store.incoming import Incoming

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Copies that one provider of the node is sent at once."""

RATE = 1e6
"""Bytes a second at which a provider has to take and give, beyond its timeout."""

FIND_SECONDS = 10.0
"""Seconds that a provider may take to say whether it has a blob."""

Outcome = Literal["found", "missing", "wrong", "failed"]


class WrongBytes(Exception):
    """A provider gave bytes that do not hash to the name asked for."""


class Provider:
    """One that is in use. ``owner`` is whose content it keeps, empty for everybody's; ``work`` is set when there may be
    something to send."""

    def __init__(
        self,
        provider_id: str,
        backend: StorageBackend,
        owner: str,
        synchronous: bool,
        capacity_bytes: int | None,
        told: Callable[[str], str],
    ) -> None:
        self.provider_id = provider_id
        self.backend = backend
        self.owner = owner
        self.synchronous = synchronous
        self.capacity_bytes = capacity_bytes
        self.told = told
        self.circuit = Circuit()
        self.work = asyncio.Event()

    @property
    def kind(self) -> str:
        return type(self.backend).__name__


class Providers:
    """Storage backends by id, in their order. None of them is trusted, and none of their failures fails a put.

    ``timeout``: seconds that one may take for its next chunk, or to save a megabyte, or to delete. ``follow`` is called
    with each that is added.
    """

    def __init__(self, timeout: float = 60.0) -> None:
        self.follow: Callable[[Provider], None] = lambda provider: None
        self._used: dict[str, Provider] = {}
        self._timeout = timeout

    async def add(
        self,
        provider_id: str,
        backend: StorageBackend,
        *,
        owner: str = "",
        synchronous: bool = False,
        capacity_bytes: int | None = None,
        told: Callable[[str], str] = str,
    ) -> None:
        """Use ``backend`` from now on, and no more what had its id. ``told`` takes secrets out of its errors."""
        before = self._used.get(provider_id)
        provider = Provider(provider_id, backend, owner, synchronous, capacity_bytes, told)
        self._used[provider_id] = provider
        self.follow(provider)
        if before is not None:
            await self._close(before)

    async def remove(self, provider_id: str) -> None:
        """Use it no more, and close it; what it keeps stays. No error if it is not in use."""
        provider = self._used.pop(provider_id, None)
        if provider is not None:
            provider.work.set()
            await self._close(provider)

    def get(self, provider_id: str) -> Provider | None:
        return self._used.get(provider_id)

    def uses(self, provider: Provider) -> bool:
        """Whether it was neither removed nor replaced."""
        return self._used.get(provider.provider_id) is provider

    def of(self, owner: str = "") -> list[Provider]:
        """Those of ``owner``; without one, those of the node."""
        return [one for one in self._used.values() if one.owner == owner]

    def every(self) -> list[Provider]:
        return list(self._used.values())

    def saving_seconds(self, size: int) -> float:
        """How long a provider may take to save a blob of ``size`` bytes."""
        return self._timeout * (1 + size / RATE)

    async def save(self, provider: Provider, cid: str, path: Path, size: int, *, anew: bool = False) -> None:
        """Save a blob, and see that it is there; ``anew`` replaces a wrong copy. Raises whatever the backend does."""
        async with self._watched(provider, self.saving_seconds(size)):
            if anew:
                await provider.backend.delete(cid)
            await provider.backend.save(cid, path)
            found = await provider.backend.size(cid)
            if found != size:
                raise OSError(f"it took {size} bytes and has {'none' if found is None else found}")

    async def delete(self, provider: Provider, cid: str) -> None:
        """Make it forget ``cid``. Raises whatever the backend does."""
        async with self._watched(provider, self._timeout):
            await provider.backend.delete(cid)

    async def found(self, cid: str) -> bool:
        """Whether one of the node's says that it has ``cid``, whatever the ledger knows."""
        for provider in self.of():
            with contextlib.suppress(Exception):
                async with self._watched(provider, min(self._timeout, FIND_SECONDS)):
                    if await provider.backend.size(cid) is not None:
                        return True
        return False

    async def load(
        self,
        cid: str,
        receive: Callable[[], Incoming],
        *,
        owner: str = "",
        holders: Mapping[str, int] | None = None,
    ) -> tuple[Outcome, dict[str, str]]:
        """Bring ``cid`` in through what ``receive`` makes, whose commit raises :class:`WrongBytes` on a mismatch.

        Asked are those of the node, and of those of ``owner`` the ``holders`` (provider id -> size in bytes); holders
        first. Returns the worst that was met if none gave it, and which provider had it ``missing`` or ``wrong``.
        Raises StorageFull and the like for a failure of ours.
        """
        known = holders or {}
        own = [one for one in self.of(owner) if one.provider_id in known] if owner else []
        met: dict[str, str] = {}
        worst: set[Outcome] = {"missing"}
        for provider in sorted([*self.of(), *own], key=lambda one: one.provider_id not in known):
            outcome = await self._ask(provider, cid, receive, known.get(provider.provider_id))
            if outcome == "found":
                return "found", met
            worst.add(outcome)
            if outcome != "failed":
                met[provider.provider_id] = outcome
        return next(one for one in ("wrong", "failed", "missing") if one in worst), met

    async def _ask(self, provider: Provider, cid: str, receive: Callable[[], Incoming], size: int | None) -> Outcome:
        try:
            async with self._watched(provider, None):
                await self._load(provider.backend, cid, receive, size)
        except FileNotFoundError:
            return "missing"
        except WrongBytes as error:
            log.error("%s gave %s", provider.kind, error)
            return "wrong"
        except CircuitOpen:
            return "failed"
        except ArtdagError:
            raise
        except Exception as error:
            log.warning("%s could not give %s: %s", provider.kind, cid, provider.told(said(error)))
            return "failed"
        return "found"

    async def _load(self, backend: StorageBackend, cid: str, receive: Callable[[], Incoming], size: int | None) -> None:
        chunks = backend.load(cid)
        began, count = time.monotonic(), 0
        try:
            async with receive() as incoming:
                while (chunk := await asyncio.wait_for(anext(chunks, None), self._timeout)) is not None:
                    count += len(chunk)
                    if size is not None and count > size:
                        raise WrongBytes(f"more than {size} bytes for {cid}")
                    if time.monotonic() - began > self._timeout * (2 + count / RATE):
                        raise TimeoutError(f"{count} bytes came in {time.monotonic() - began:.0f} s")
                    await incoming.write(chunk)
                await incoming.commit()
        finally:
            close = getattr(chunks, "aclose", None)  # an async generator; a plain iterator has nothing to close
            if close is not None:
                await close()

    @asynccontextmanager
    async def _watched(self, provider: Provider, seconds: float | None) -> AsyncIterator[None]:
        """A call that counts for the provider's circuit. Raises CircuitOpen at once while that is open."""
        circuit = provider.circuit
        if circuit.wait:
            raise CircuitOpen(f"it failed again and again and is left alone for {circuit.wait:.0f} s: {circuit.error}")
        try:
            async with asyncio.timeout(seconds):
                yield
        except (FileNotFoundError, WrongBytes):
            circuit.succeeded()
            raise
        except ArtdagError:
            raise  # ours
        except Exception as error:
            circuit.failed(provider.told(said(error)))
            raise
        circuit.succeeded()

    async def close(self) -> None:
        """Close every provider."""
        for provider in list(self._used.values()):
            await self._close(provider)

    async def _close(self, provider: Provider) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await provider.backend.close()
        except Exception as error:
            log.warning("%s could not be closed: %r", provider.kind, error)


class CircuitOpen(Unavailable):
    """A provider is not called for now."""


def said(error: Exception) -> str:
    """What went wrong, in the words of the system where they are its."""
    if isinstance(error, TimeoutError) and not str(error):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)[:500] or type(error).__name__
