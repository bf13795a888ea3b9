"""Storage in memory, right and wrong in every way that the contract has to see. Run by test_contract.py."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from artdagd.testing import Place, StorageContract


class Shelf:
    """A backend that is right. ``held`` outlives it, as a disk would."""

    def __init__(self, held: dict[str, bytes]) -> None:
        self.held = held

    def checked(self, cid: str) -> str:
        if not re.fullmatch("[0-9A-Za-z]{46,128}", cid):
            raise ValueError(f"{cid!r} is not a CID")
        return cid

    async def save(self, cid: str, path: Path) -> None:
        data = path.read_bytes()
        await asyncio.sleep(0)
        self.held[self.checked(cid)] = data

    async def load(self, cid: str) -> AsyncIterator[bytes]:
        async for chunk in self.load_range(cid, 0, None):
            yield chunk

    async def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
        if self.checked(cid) not in self.held:
            raise FileNotFoundError(cid)
        data = self.held[cid][start:stop]
        for begin in range(0, len(data), 1 << 20):
            yield data[begin : begin + (1 << 20)]
            await asyncio.sleep(0)

    async def size(self, cid: str) -> int | None:
        return len(self.held[cid]) if self.checked(cid) in self.held else None

    async def delete(self, cid: str) -> None:
        self.held.pop(self.checked(cid), None)

    async def list(self) -> AsyncIterator[str]:
        for cid in sorted(self.held):
            yield cid
            await asyncio.sleep(0)

    async def close(self) -> None:
        pass


class OnShelf(StorageContract):
    sizes = (0, 1, (1 << 20) + 1)
    big = 3 << 20
    kind = Shelf

    @pytest.fixture
    def place(self) -> Place:
        held: dict[str, bytes] = {}

        async def leftovers() -> list[str]:
            return [key for key in held if "tmp" in key]

        async def overwrite(cid: str, data: bytes) -> None:
            held[cid] = data

        return Place(lambda: self.kind(held), leftovers, overwrite)


class TestRight(OnShelf):
    pass


class TestForgetsEmpty(OnShelf):
    class kind(Shelf):
        async def size(self, cid: str) -> int | None:
            return (await super().size(cid)) or None


class TestLargeChunks(OnShelf):
    class kind(Shelf):
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            yield b"".join([chunk async for chunk in self.load_range(cid, 0, None)])


class TestMovesTheSource(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            await super().save(cid, path)
            path.unlink()


class TestMissingIsEmpty(OnShelf):
    class kind(Shelf):
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            yield self.held.get(cid, b"")


class TestDeleteOfNothingFails(OnShelf):
    class kind(Shelf):
        async def delete(self, cid: str) -> None:
            del self.held[cid]


class TestSavesOnceOnly(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            if cid in self.held:
                raise FileExistsError(cid)
            await super().save(cid, path)


class TestFirstPageOnly(OnShelf):
    class kind(Shelf):
        async def list(self) -> AsyncIterator[str]:
            for cid in sorted(self.held)[:10]:
                yield cid


class TestTakesAnyName(OnShelf):
    class kind(Shelf):
        def checked(self, cid: str) -> str:
            return cid


class TestWritesInPlace(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            data, self.held[self.checked(cid)] = path.read_bytes(), b""
            for begin in range(0, len(data), 1 << 16):
                self.held[cid] += data[begin : begin + (1 << 16)]
                await asyncio.sleep(0.0001)


class TestGoesOnWhenCancelled(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            async def slowly() -> None:
                await asyncio.sleep(0.01)
                await Shelf.save(self, cid, path)

            await asyncio.shield(slowly())


class TestLeavesTemporaries(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            self.held["tmp" + cid] = b""
            await asyncio.sleep(0.005)
            await super().save(cid, path)
            del self.held["tmp" + cid]


class TestListsTwice(OnShelf):
    class kind(Shelf):
        async def list(self) -> AsyncIterator[str]:
            for cid in [*self.held, *self.held]:
                yield cid


class TestListsWhatMoves(OnShelf):
    class kind(Shelf):
        async def list(self) -> AsyncIterator[str]:
            for cid in self.held:
                yield cid
                await asyncio.sleep(0)


class TestEndsEarly(OnShelf):
    class kind(Shelf):
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            if cid not in self.held:
                raise FileNotFoundError(cid)
            for begin in range(0, len(self.held[cid]), 1 << 20):
                if cid in self.held:
                    yield self.held[cid][begin : begin + (1 << 20)]


class TestOneReaderAtATime(OnShelf):
    class kind(Shelf):
        def __init__(self, held: dict[str, bytes]) -> None:
            super().__init__(held)
            self.turn = asyncio.Semaphore(10)

        async def load(self, cid: str) -> AsyncIterator[bytes]:
            if self.turn.locked():
                raise OSError("too many readers")
            async with self.turn:
                async for chunk in super().load(cid):
                    yield chunk


class TestForgetsAtTheEnd(OnShelf):
    class kind(Shelf):
        async def close(self) -> None:
            self.held.clear()


class TestClosesOnce(OnShelf):
    class kind(Shelf):
        closed = False

        async def close(self) -> None:
            if self.closed:
                raise OSError("closed already")
            self.closed = True


class TestTrustsWhatIsThere(OnShelf):
    class kind(Shelf):
        async def save(self, cid: str, path: Path) -> None:
            if cid not in self.held:
                await super().save(cid, path)


class TestRangesWithTheLast(OnShelf):
    class kind(Shelf):
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            async for chunk in super().load_range(cid, 0, None):
                yield chunk

        async def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
            async for chunk in super().load_range(cid, start, stop and stop + 1):
                yield chunk
