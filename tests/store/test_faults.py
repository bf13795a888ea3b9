"""Full disks, broken disks, killed processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import cid_of_bytes
from artdagd.errors import StorageFull, Unavailable
from artdagd.store import Blob, BlobStore, Disk

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
FILM = bytes(range(256)) * 12_000  # three chunks


class Failing(Disk):
    """Fails the ``nth`` call of ``op`` with ``number``, and all after it."""

    def __init__(self, op: str, nth: int, number: int) -> None:
        super().__init__()
        self.op, self.left, self.number = op, nth, number
        self.calls = 0

    def _tick(self, op: str) -> None:
        if op == self.op:
            self.calls += 1
            self.left -= 1
            if self.left < 0:
                raise OSError(self.number, os.strerror(self.number))

    def write(self, fd: int, data: bytes) -> None:
        self._tick("write")
        super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self._tick("fsync")
        super().fsync(fd)

    def replace(self, source: Path, target: Path) -> None:
        self._tick("replace")
        super().replace(source, target)


async def sent(store: BlobStore, *chunks: bytes) -> Blob:
    async with store.receive() as incoming:
        for chunk in chunks:
            await incoming.write(chunk)
        return await incoming.commit()


@pytest.mark.parametrize(("number", "error"), [(28, StorageFull), (5, Unavailable), (30, Unavailable)])
@pytest.mark.parametrize(("op", "nth"), [("write", 0), ("write", 1), ("replace", 0)])
async def test_a_write_that_fails_leaves_nothing(
    tmp_path: Path, op: str, nth: int, number: int, error: Any, opened: Any, listed: Any, drafts: Any
) -> None:
    store = await opened(tmp_path, disk=Failing(op, nth, number))
    with pytest.raises(error):
        await sent(store, FILM[:2_000_000], FILM[2_000_000:])
    assert await listed(store) == []
    assert drafts(store) == []
    assert not store.read_only


async def test_a_swallowed_failure_does_not_commit_half_a_blob(tmp_path: Path, opened: Any, listed: Any) -> None:
    store = await opened(tmp_path, disk=Failing("write", 0, 28))
    async with store.receive() as incoming:
        await incoming.write(FILM)
        for _ in range(2):
            with pytest.raises(StorageFull):
                await incoming.commit()
    assert await listed(store) == []


@pytest.mark.parametrize("number", [5, 28])
@pytest.mark.parametrize("nth", [0, 1, 2])
async def test_a_failed_fsync_is_not_tried_again_and_ends_writing(
    tmp_path: Path, nth: int, number: int, opened: Any
) -> None:
    kept = await (await opened(tmp_path)).put_bytes(b"kept")
    disk = Failing("fsync", nth, number)
    store = await opened(tmp_path, disk=disk)
    with pytest.raises((Unavailable, StorageFull)):
        await store.put_bytes(FILM)
    assert disk.calls == nth + 1
    assert store.read_only
    with pytest.raises(Unavailable, match="read-only"):
        async with store.receive():
            pytest.fail("nothing may be received")
    made = tmp_path / "out.mp4"
    made.write_bytes(b"x")
    with pytest.raises(Unavailable, match="read-only"):
        await store.adopt(made)
    assert made.exists()
    assert (await store.path(kept.cid)).read_bytes() == b"kept"


async def test_the_reserve_is_kept_before_the_first_byte_and_on_the_way(
    tmp_path: Path, opened: Any, drafts: Any
) -> None:
    class Small(Disk):
        space = 5_000_000

        def free(self, folder: Path) -> int:
            return self.space

        def write(self, fd: int, data: bytes) -> None:
            self.space -= len(data)
            super().write(fd, data)

    disk = Small()
    store = await opened(tmp_path, reserve_bytes=1_000_000, disk=disk)
    with pytest.raises(StorageFull):
        async with store.receive(size=4_000_001):
            pytest.fail("no byte may be read")
    with pytest.raises(StorageFull):
        await sent(store, *[FILM] * 10)
    assert disk.space >= 1_000_000
    assert drafts(store) == []


PUT = """
import asyncio, os, signal, sys
from pathlib import Path
from artdagd.store import BlobStore, Disk

class Dying(Disk):
    def write(self, fd, data):
        self.die("write"); super().write(fd, data)
    def fsync(self, fd):
        self.die("before fsync"); super().fsync(fd); self.die("after fsync")
    def replace(self, source, target):
        self.die("before rename"); super().replace(source, target); self.die("after rename")
    def die(self, point):
        if point == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    store = BlobStore(Path(sys.argv[1]), reserve_bytes=0, disk=Dying())
    await store.open()
    await store.put_bytes(bytes(3_000_000))

asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["write", "before fsync", "after fsync", "before rename", "after rename"])
async def test_a_killed_put_leaves_a_whole_blob_or_none(
    tmp_path: Path, point: str, opened: Any, listed: Any, drafts: Any
) -> None:
    done = subprocess.run([sys.executable, "-c", PUT, str(tmp_path), point], check=False)
    assert done.returncode == -signal.SIGKILL
    held = await listed(BlobStore(tmp_path))
    assert held == ([cid_of_bytes(bytes(3_000_000))] if point == "after rename" else [])
    store = await opened(tmp_path)
    assert drafts(store) == []
    for cid in held:
        await store.path(cid)


async def test_opening_leaves_the_drafts_of_living_processes(store: BlobStore, opened: Any, drafts: Any) -> None:
    for number in range(50):
        (store.layout.tmp / f"draft-{number}").write_bytes(b"stale")
    async with store.receive() as incoming:
        await incoming.write(FILM)
        other = await opened(store.layout.root)
        assert len(drafts(store)) == 1
        blob = await incoming.commit()
    assert (await other.path(blob.cid)).read_bytes() == FILM


async def test_strange_files_are_not_listed(store: BlobStore, listed: Any) -> None:
    (store.layout.root / "blobs" / "ku").mkdir()
    (store.layout.root / "blobs" / "ku" / "junk").write_bytes(b"")
    (store.layout.root / "blobs" / "aa").mkdir()
    (store.layout.root / "blobs" / "aa" / EMPTY).write_bytes(b"")
    (store.layout.root / "blobs" / "stray").write_bytes(b"")
    assert await listed(store) == []
    assert not store.has(EMPTY)
