"""What the store promises: whole blobs under their own name, or none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import CID, cid_of_bytes, cid_of_value, dag_json
from artdagd.errors import InvalidRequest, NotFound
from artdagd.store import Blob, BlobStore

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
FILM = bytes(range(256)) * 12_000  # three chunks


async def test_a_blob_is_kept_under_its_name(store: BlobStore, listed: Any, drafts: Any) -> None:
    blob = await store.put_bytes(FILM)
    assert blob == Blob(cid_of_bytes(FILM), len(FILM), existed=False)
    path = await store.path(blob.cid)
    assert path == store.layout.root / "blobs" / blob.cid[-2:] / blob.cid
    assert path.read_bytes() == FILM
    assert path.stat().st_mode & 0o222 == 0
    assert await store.put_bytes(FILM) == Blob(blob.cid, len(FILM), existed=True)
    assert await listed(store) == [blob.cid]
    assert drafts(store) == []


async def test_the_empty_blob_is_a_blob(store: BlobStore) -> None:
    async with store.receive() as incoming:
        assert await incoming.commit() == Blob(EMPTY, 0, existed=False)
    assert (await store.path(EMPTY)).read_bytes() == b""


async def test_chunks_of_any_size_arrive(store: BlobStore) -> None:
    async with store.receive(size=len(FILM)) as incoming:
        buffer = bytearray(FILM[:1000])
        await incoming.write(buffer)
        buffer[:] = bytes(1000)  # the sender uses its buffer again
        await incoming.write(b"")
        await incoming.write(memoryview(FILM)[1000:2_500_000])
        await incoming.write(FILM[2_500_000:])
        blob = await incoming.commit()
    assert blob.cid == cid_of_bytes(FILM)
    assert (await store.path(blob.cid)).read_bytes() == FILM


async def test_values_are_read_back_from_their_section(store: BlobStore, listed: Any) -> None:
    value = {"steps": [{"id": "a"}], "fps": 29.97}
    blob = await store.put_value(value, "plans")
    assert blob == Blob(cid_of_value(value), len(dag_json(value)), existed=False)
    assert await store.path(blob.cid) == store.layout.root / "plans" / f"{blob.cid}.json"
    assert await store.read_value(blob.cid) == value
    await store.put_value(value, "blobs")
    assert await listed(store) == [blob.cid]
    with pytest.raises(InvalidRequest, match="no dag-json value"):
        await store.read_value(EMPTY)


async def test_an_aborted_upload_leaves_nothing(store: BlobStore, listed: Any, drafts: Any) -> None:
    async def upload() -> None:
        async with store.receive() as incoming:
            await incoming.write(FILM)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await upload()
    async with store.receive() as incoming:
        await incoming.write(FILM)
    assert drafts(store) == []
    assert await listed(store) == []


async def test_a_cancelled_upload_leaves_nothing(store: BlobStore, drafts: Any) -> None:
    started = asyncio.Event()

    async def upload() -> None:
        async with store.receive() as incoming:
            while True:
                await incoming.write(FILM)
                started.set()

    task = asyncio.create_task(upload())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert drafts(store) == []


async def test_the_same_blob_uploaded_by_many_is_stored_once(store: BlobStore, listed: Any, drafts: Any) -> None:
    blobs = await asyncio.gather(*(store.put_bytes(FILM) for _ in range(8)))
    assert sorted(blob.existed for blob in blobs) == [False] + [True] * 7
    assert await listed(store) == [cid_of_bytes(FILM)]
    assert drafts(store) == []


TRAVERSALS = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    f"{EMPTY}/../../x",
    f"../{EMPTY}",
    f"{EMPTY}\0",
    "b" * 59,
]


@pytest.mark.parametrize("name", TRAVERSALS)
async def test_a_name_that_is_no_cid_is_refused(store: BlobStore, name: str) -> None:
    with pytest.raises(InvalidRequest):
        store.has(name)
    for call in (store.path, store.read_value, store.delete):
        with pytest.raises(InvalidRequest):
            await call(name)


async def test_a_missing_blob_is_not_found(store: BlobStore) -> None:
    assert not store.has(EMPTY)
    with pytest.raises(NotFound):
        await store.path(EMPTY)


async def test_version_0_and_other_bases_name_the_same_file(store: BlobStore, opened: Any, shelf: Any) -> None:
    old = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"  # the empty file, as IPFS named it first
    store = await opened(store.layout.root, providers=[shelf({_v1(old): b""})])
    assert (await store.path(old)).read_bytes() == b""
    assert store.has(old)
    assert store.has(_v1(old))


def _v1(cid: str) -> str:
    return str(CID.parse(cid).v1())


async def test_delete_forgets_a_blob_everywhere(tmp_path: Path, opened: Any, shelf: Any) -> None:
    kept = shelf()
    store = await opened(tmp_path, providers=[kept])
    blob = await store.put_bytes(FILM)
    await store.delete(blob.cid, providers=False)
    assert not store.has(blob.cid)
    assert (await store.path(blob.cid)).read_bytes() == FILM
    await store.delete(blob.cid)
    await store.delete(blob.cid)
    with pytest.raises(NotFound):
        await store.path(blob.cid)
