"""What every storage backend has to keep to, as tests that the author of a backend runs."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
import pytest_asyncio

from artdagd.cid import CID, Importer, cid_of_bytes
from artdagd.hooks import RangedStorage, StorageBackend
from artdagd.testing.blobs import CHUNK, make, read, sparse

NO_CIDS = (
    "",
    ".",
    "..",
    "../" * 20 + "etc/passwd",
    "/etc/passwd",
    "bafy/../..",
    "bafy?x",
    "bafy\n",
    "bafy\0",
    "a" * 3000,
)
"""Names that a backend may be asked for although they are no CIDs; some lead elsewhere, if they are not looked at."""

RANGES = (
    *((0, None), (0, 1), (1, None), (CHUNK - 1, CHUNK + 1), (7, 7)),
    *((2 * CHUNK, 9 * CHUNK), (3 * CHUNK, None), (9 * CHUNK, None)),
)
"""First and last byte of the ranges that are read of 3 MiB; the latter not included."""


async def _nothing() -> Sequence[str]:
    return ()


class Place(msgspec.Struct, frozen=True):
    """Where the backend under test keeps its blobs, empty at first.

    ``open()`` opens it, as often as it is called; two that are open see the same blobs. ``leftovers()`` names what lies
    there beside blobs, such as temporary files or unfinished uploads. ``overwrite(cid, data)`` changes what is kept,
    behind the backend's back.
    """

    open: Callable[[], StorageBackend]
    leftovers: Callable[[], Awaitable[Sequence[str]]] = _nothing
    overwrite: Callable[[str, bytes], Awaitable[None]] | None = None


class StorageContract:
    """A subclass called ``Test…`` gives the fixture ``place``, which returns a :class:`Place`; pytest does the rest.

    ``sizes``: bytes of the blobs that are tried, so those around every boundary of yours. ``big``: of one that takes
    long enough to be cancelled in the middle. ``in_memory``: blobs are gone once it is closed, and take memory.
    """

    sizes: ClassVar[Sequence[int]] = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7)
    big: ClassVar[int] = 16 * CHUNK
    in_memory: ClassVar[bool] = False

    pytestmark = pytest.mark.asyncio

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "size" in metafunc.fixturenames and metafunc.cls is not None:
            metafunc.parametrize("size", metafunc.cls.sizes)

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError("give the fixture `place`")

    @pytest_asyncio.fixture
    async def backend(self, place: Place) -> AsyncIterator[StorageBackend]:
        opened = await asyncio.to_thread(place.open)  # opening needs no event loop
        yield opened
        await opened.close()

    async def test_what_is_saved_comes_back(self, backend: StorageBackend, tmp_path: Path, size: int) -> None:
        made = make(tmp_path, size)
        before = made.path.stat()
        await backend.save(made.cid, made.path)
        chunks = [chunk async for chunk in backend.load(made.cid)]
        assert b"".join(chunks) == made.data
        assert all(0 < len(chunk) <= CHUNK for chunk in chunks), "a chunk has 1 byte to 1 MiB"
        assert await backend.size(made.cid) == size
        assert await listed(backend) == [made.cid]
        after = made.path.stat()
        assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode), "the source is ours"

    async def test_what_is_not_here(self, backend: StorageBackend) -> None:
        cid = cid_of_bytes(b"never saved")
        with pytest.raises(FileNotFoundError):
            await read(backend, cid)
        assert await backend.size(cid) is None
        await backend.delete(cid)
        assert await listed(backend) == []

    async def test_saving_again_changes_nothing(self, place: Place, backend: StorageBackend, tmp_path: Path) -> None:
        made = make(tmp_path, CHUNK + 1)
        for _ in range(3):
            await backend.save(made.cid, made.path)
        assert await read(backend, made.cid) == made.data
        assert await listed(backend) == [made.cid]
        assert list(await place.leftovers()) == []

    async def test_what_is_deleted_is_gone_and_may_come_again(self, backend: StorageBackend, tmp_path: Path) -> None:
        made, other = make(tmp_path, 1000), make(tmp_path, 1001)
        for one in (made, other):
            await backend.save(one.cid, one.path)
        for _ in range(2):
            await backend.delete(made.cid)
            assert await backend.size(made.cid) is None
            assert await listed(backend) == [other.cid]
            with pytest.raises(FileNotFoundError):
                await read(backend, made.cid)
        await backend.save(made.cid, made.path)
        assert await read(backend, made.cid) == made.data

    async def test_many_are_listed_once_each(self, backend: StorageBackend, tmp_path: Path) -> None:
        many = [make(tmp_path, 10, seed) for seed in range(40)]
        await asyncio.gather(*(backend.save(one.cid, one.path) for one in many))
        assert sorted(await listed(backend)) == sorted(one.cid for one in many)

    @pytest.mark.parametrize("name", NO_CIDS)
    async def test_a_name_that_is_no_cid_reaches_nothing(
        self, place: Place, backend: StorageBackend, tmp_path: Path, name: str
    ) -> None:
        made = make(tmp_path, 100)
        await backend.save(made.cid, made.path)
        with pytest.raises(ValueError):
            await backend.save(name, made.path)
        with pytest.raises((ValueError, FileNotFoundError)):
            await read(backend, name)
        try:
            assert await backend.size(name) is None
            await backend.delete(name)
        except ValueError:
            pass
        assert await listed(backend) == [made.cid]
        assert list(await place.leftovers()) == []

    async def test_a_source_that_can_not_be_read(self, place: Place, backend: StorageBackend, tmp_path: Path) -> None:
        cid = cid_of_bytes(b"lost")
        for path in (tmp_path / "missing", tmp_path, Path("/proc/self/mem")):
            with pytest.raises(OSError):
                await backend.save(cid, path)
            assert await backend.size(cid) is None
        assert await listed(backend) == []
        assert list(await place.leftovers()) == []

    async def test_other_bytes_are_given_as_they_are_and_can_be_replaced(
        self, place: Place, backend: StorageBackend, tmp_path: Path
    ) -> None:
        if place.overwrite is None:
            pytest.skip("the place has no overwrite()")
        made = make(tmp_path, CHUNK + 5)
        await backend.save(made.cid, made.path)
        await place.overwrite(made.cid, b"?" + made.data[1:])
        assert cid_of_bytes(await read(backend, made.cid)) != made.cid, "who reads has to see that they are others"
        await backend.delete(made.cid)
        await backend.save(made.cid, made.path)
        assert await read(backend, made.cid) == made.data
        await place.overwrite(made.cid, made.data[:-1])
        await backend.save(made.cid, made.path)
        assert await read(backend, made.cid) == made.data, "what is kept in another size is saved again"

    async def test_a_cancelled_save_leaves_nothing_and_has_ended(
        self, place: Place, backend: StorageBackend, tmp_path: Path
    ) -> None:
        made, other = make(tmp_path, self.big), make(tmp_path, self.big, 1)
        for seconds in (0, 0.001, 0.004, 0.016, 0.064, 0.25):
            saving = asyncio.ensure_future(backend.save(made.cid, made.path))
            await asyncio.wait([saving], timeout=seconds)
            saving.cancel()
            await asyncio.wait([saving])
            kept = await backend.size(made.cid)
            if kept is not None:
                assert await read(backend, made.cid) == made.data, "what was cancelled is there whole or not at all"
            assert list(await place.leftovers()) == []
            await backend.delete(made.cid)
            await backend.save(other.cid, other.path)
            await backend.delete(other.cid)
            assert await listed(backend) == [], "a cancelled save went on"
        await backend.save(made.cid, made.path)
        assert await read(backend, made.cid) == made.data

    async def test_one_blob_saved_by_many_at_once(self, place: Place, backend: StorageBackend, tmp_path: Path) -> None:
        made = make(tmp_path, 2 * CHUNK)
        others = [backend] if self.in_memory else [backend, place.open()]
        await asyncio.gather(*(one.save(made.cid, made.path) for one in others * 4))
        for one in others:
            assert await read(one, made.cid) == made.data
            assert await listed(one) == [made.cid]
        assert list(await place.leftovers()) == []
        for one in others[1:]:
            await one.close()

    async def test_one_saver_that_gives_up_does_not_harm_another(
        self, place: Place, backend: StorageBackend, tmp_path: Path
    ) -> None:
        made = make(tmp_path, self.big)
        first, second = (asyncio.ensure_future(backend.save(made.cid, made.path)) for _ in range(2))
        await asyncio.wait([first], timeout=0.01)
        first.cancel()
        await second
        await asyncio.wait([first])
        assert await read(backend, made.cid) == made.data
        assert list(await place.leftovers()) == []

    async def test_lists_while_blobs_come_and_go(self, backend: StorageBackend, tmp_path: Path) -> None:
        stay = [make(tmp_path, 50, seed) for seed in range(5)]
        pass_by = [make(tmp_path, 51, seed) for seed in range(15)]
        await asyncio.gather(*(backend.save(one.cid, one.path) for one in stay))

        async def traffic() -> None:
            for one in pass_by:
                await backend.save(one.cid, one.path)
            for one in pass_by:
                await backend.delete(one.cid)

        moving = asyncio.ensure_future(traffic())
        while not moving.done():
            seen = await listed(backend)
            assert len(seen) == len(set(seen)), "one is listed twice"
            assert {one.cid for one in stay} <= set(seen) <= {one.cid for one in stay + pass_by}
            await asyncio.sleep(0)
        await moving
        assert sorted(await listed(backend)) == sorted(one.cid for one in stay)

    async def test_a_blob_deleted_while_it_is_read(self, backend: StorageBackend, tmp_path: Path) -> None:
        made = make(tmp_path, self.big)
        await backend.save(made.cid, made.path)
        chunks = backend.load(made.cid)
        got = await anext(chunks)
        await backend.delete(made.cid)
        try:
            async for chunk in chunks:
                got += chunk
        except OSError:
            return
        assert got == made.data, "it ended early, as if that were all"

    async def test_readers_that_leave_early_and_many_at_once(self, backend: StorageBackend, tmp_path: Path) -> None:
        made = make(tmp_path, 4 * CHUNK)
        await backend.save(made.cid, made.path)
        readers = [backend.load(made.cid) for _ in range(24)]
        firsts = [await asyncio.wait_for(anext(reader), 30) for reader in readers]
        assert await asyncio.wait_for(backend.size(made.cid), 30) == len(made.data), "readers are in its way"
        for reader in readers[::2]:
            await reader.aclose()  # type: ignore[attr-defined]
        for first, reader in zip(firsts[1::2], readers[1::2], strict=True):
            assert first + b"".join([chunk async for chunk in reader]) == made.data
        assert await read(backend, made.cid) == made.data

    async def test_it_is_there_after_another_opening(
        self, place: Place, backend: StorageBackend, tmp_path: Path
    ) -> None:
        if self.in_memory:
            pytest.skip("it is kept in memory")
        made = make(tmp_path, CHUNK)
        await backend.save(made.cid, made.path)
        await backend.close()
        again = place.open()
        assert await read(again, made.cid) == made.data
        assert await listed(again) == [made.cid]
        await again.close()

    async def test_closing_twice_and_closing_unused(self, place: Place, backend: StorageBackend) -> None:
        await place.open().close()
        await backend.size(cid_of_bytes(b""))
        await backend.close()
        await backend.close()

    async def test_memory_does_not_grow_with_the_blob(self, backend: StorageBackend, tmp_path: Path) -> None:
        if self.in_memory:
            pytest.skip("it is kept in memory")
        size = 96 * CHUNK
        cid, path = sparse(tmp_path, size)
        await backend.size(cid)  # what it needs at all, it has now
        tracemalloc.start()
        try:
            await backend.save(cid, path)
            seen = Importer()
            async for chunk in backend.load(cid):
                seen.update(chunk)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert seen.finish().cid == cid
        assert peak < 48 * CHUNK, f"{peak / CHUNK:.0f} MiB for a blob of {size // CHUNK}"

    @pytest.mark.parametrize(("start", "stop"), RANGES)
    async def test_a_range(self, backend: StorageBackend, tmp_path: Path, start: int, stop: int | None) -> None:
        if not isinstance(backend, RangedStorage):
            pytest.skip("it has no load_range()")
        made = make(tmp_path, 3 * CHUNK)
        with pytest.raises(FileNotFoundError):
            [chunk async for chunk in backend.load_range(made.cid, start, stop)]
        await backend.save(made.cid, made.path)
        chunks = [chunk async for chunk in backend.load_range(made.cid, start, stop)]
        assert b"".join(chunks) == made.data[start:stop]
        assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


async def listed(backend: StorageBackend) -> list[str]:
    """All that it lists. Each has to be a CID."""
    found = [cid async for cid in backend.list()]
    for cid in found:
        CID.parse(cid)
    return found
