"""Files that a worker made."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import cid_of_bytes
from artdagd.errors import Conflict, InvalidRequest, NotFound
from artdagd.store import Blob, BlobStore, Disk, blobs

FILM = bytes(range(256)) * 12_000  # three chunks


async def test_a_workers_file_is_taken_over(store: BlobStore, tmp_path: Path, drafts: Any) -> None:
    made = tmp_path / "out.mp4"
    made.write_bytes(FILM)
    inode = made.stat().st_ino
    blob = await store.adopt(made)
    assert blob == Blob(cid_of_bytes(FILM), len(FILM), existed=False)
    place = await store.path(blob.cid)
    assert place.stat().st_ino == inode
    assert place.stat().st_mode & 0o222 == 0
    assert not made.exists()
    made.write_bytes(FILM)
    assert (await store.adopt(made)).existed
    assert not made.exists()
    assert drafts(store) == []


async def test_a_file_on_another_filesystem_is_copied(tmp_path: Path, opened: Any) -> None:
    class Elsewhere(Disk):
        def replace(self, source: Path, target: Path) -> None:
            if source.name == "out.mp4":
                raise OSError(18, "Invalid cross-device link")
            super().replace(source, target)

    store = await opened(tmp_path / "cache", disk=Elsewhere())
    made = tmp_path / "out.mp4"
    made.write_bytes(FILM)
    blob = await store.adopt(made)
    assert (await store.path(blob.cid)).read_bytes() == FILM
    assert not made.exists()


async def test_links_and_folders_are_not_adopted(store: BlobStore, tmp_path: Path, listed: Any, drafts: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    (tmp_path / "symbolic").symlink_to(secret)
    (tmp_path / "hard").hardlink_to(secret)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("symbolic", "hard", "folder", "pipe"):
        with pytest.raises(InvalidRequest):
            await store.adopt(tmp_path / name)
    with pytest.raises(NotFound):
        await store.adopt(tmp_path / "nothing")
    assert await listed(store) == []
    assert drafts(store) == []
    assert secret.read_text() == "s"
    assert (tmp_path / "symbolic").is_symlink()


async def test_a_file_that_another_process_holds_is_not_waited_for(
    store: BlobStore, tmp_path: Path, drafts: Any
) -> None:
    made = tmp_path / "out.mp4"
    made.write_bytes(FILM)
    with made.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(InvalidRequest):
            await store.adopt(made)
    assert drafts(store) == []


async def test_a_file_that_is_still_written_is_not_adopted(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: Any
) -> None:

    made = tmp_path / "out.mp4"
    made.write_bytes(FILM)
    writer = made.open("ab", buffering=0)

    class Slow(blobs.Importer):
        def update(self, data: bytes | bytearray | memoryview) -> None:
            writer.write(b"more")
            super().update(data)

    monkeypatch.setattr(blobs, "Importer", Slow)
    with writer, pytest.raises(Conflict, match="still being written"):
        await store.adopt(made)
    assert await listed(store) == []
