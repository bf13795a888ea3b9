"""A store in a temporary folder, and a storage provider in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from artdagd.store import BlobStore
from artdagd.store.ledger import NoLedger
from artdagd.store.providers import Providers


class MemoryShelf:
    """A storage provider in memory, with whatever fault a test wants."""

    def __init__(self, held: dict[str, bytes] | None = None, fault: Exception | None = None) -> None:
        self.held = held if held is not None else {}
        self.fault = fault
        self.loads = 0

    async def save(self, cid: str, path: Path) -> None:
        if self.fault:
            raise self.fault
        self.held[cid] = await asyncio.to_thread(path.read_bytes)

    async def load(self, cid: str) -> AsyncIterator[bytes]:
        self.loads += 1
        if self.fault:
            raise self.fault
        if cid not in self.held:
            raise FileNotFoundError(cid)
        data = self.held[cid]
        for start in range(0, len(data), 100_000):
            yield data[start : start + 100_000]

    async def size(self, cid: str) -> int | None:
        return len(self.held[cid]) if cid in self.held else None

    async def delete(self, cid: str) -> None:
        self.held.pop(cid, None)

    async def list(self) -> AsyncIterator[str]:
        for cid in self.held:
            yield cid

    async def close(self) -> None:
        pass


class Prompt(NoLedger):
    """Keeps no account: every provider gets a blob, and forgets it, at once."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self.store: BlobStore
        self.met: list[tuple[str, str, bool]] = []

    async def owe(self, cid: str, size: int, *, existed: bool = False) -> None:
        for one in self._providers.every():
            await self._providers.save(one, cid, next(self.store.layout.root.rglob(f"{cid}*")), size)

    async def drop(self, cid: str) -> None:
        for one in self._providers.every():
            await self._providers.delete(one, cid)

    async def wrong(self, cid: str, provider_id: str, error: str, *, spoiled: bool) -> None:
        self.met.append((cid, provider_id, spoiled))


@pytest.fixture
def shelf() -> type[MemoryShelf]:
    return MemoryShelf


@pytest.fixture
def opened() -> Callable[..., Awaitable[BlobStore]]:
    async def opened(root: Path, *, providers: Any = (), timeout: float = 60, **options: Any) -> BlobStore:
        """``providers`` are called ``p0``, ``p1`` and so on."""
        used = Providers(timeout)
        for number, backend in enumerate(providers):
            await used.add(f"p{number}", backend)
        ledger = Prompt(used)
        store = BlobStore(root, **{"reserve_bytes": 0, "providers": used, "ledger": ledger, **options})
        ledger.store = store
        await store.open()
        return store

    return opened


@pytest.fixture
async def store(tmp_path: Path, opened: Any) -> BlobStore:
    return await opened(tmp_path / "cache")


@pytest.fixture
def listed() -> Callable[[BlobStore], Awaitable[list[str]]]:
    async def listed(store: BlobStore) -> list[str]:
        return sorted([cid async for cid in store.cids()])

    return listed


@pytest.fixture
def drafts() -> Callable[[BlobStore], list[Path]]:
    return lambda store: list(store.layout.tmp.iterdir())
