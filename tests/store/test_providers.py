"""Copies that go out, blobs that come in, and providers that lie, fail or hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import cid_of_bytes
from artdagd.errors import BlobCorrupt, Unavailable

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
FILM = bytes(range(256)) * 12_000  # three chunks


async def test_what_is_missing_here_is_fetched_once(tmp_path: Path, opened: Any, shelf: Any) -> None:
    kept = shelf({cid_of_bytes(FILM): FILM})
    store = await opened(tmp_path, providers=[kept])
    paths = await asyncio.gather(*(store.path(cid_of_bytes(FILM)) for _ in range(5)))
    assert {path.read_bytes() for path in paths} == {FILM}
    assert kept.loads == 1


async def test_wrong_bytes_of_a_provider_are_never_kept(
    tmp_path: Path, opened: Any, listed: Any, drafts: Any, shelf: Any
) -> None:
    store = await opened(tmp_path, providers=[shelf({EMPTY: b"evil"})])
    with pytest.raises(BlobCorrupt):
        await store.path(EMPTY)
    assert await listed(store) == []
    assert drafts(store) == []


async def test_a_provider_that_fails_is_not_taken_for_a_missing_blob(tmp_path: Path, opened: Any, shelf: Any) -> None:
    store = await opened(tmp_path, providers=[shelf(fault=ConnectionError("down")), shelf()])
    with pytest.raises(Unavailable):
        await store.path(EMPTY)


async def test_a_provider_that_hangs_is_given_up(tmp_path: Path, opened: Any, drafts: Any, shelf: Any) -> None:
    class Hanging(shelf):
        async def save(self, cid: str, path: Path) -> None:
            await asyncio.Event().wait()

        async def load(self, cid: str) -> AsyncIterator[bytes]:
            await asyncio.Event().wait()
            yield b""

    store = await opened(tmp_path, providers=[Hanging()], provider_timeout=0.01)
    blob = await store.put_bytes(b"")
    assert store.replication == {blob.cid: {"settings-0": "TimeoutError"}}
    with pytest.raises(Unavailable):
        await store.path(cid_of_bytes(b"other"))
    assert drafts(store) == []


async def test_a_failed_copy_is_owed_until_it_is_made(tmp_path: Path, opened: Any, shelf: Any) -> None:
    broken, fine = shelf(fault=OSError("bucket is gone")), shelf()
    store = await opened(tmp_path, providers=[broken, fine])
    blob = await store.put_bytes(FILM)
    assert store.replication == {blob.cid: {"settings-0": "bucket is gone"}}
    assert fine.held == {blob.cid: FILM}
    broken.fault = None
    assert (await store.put_bytes(FILM)).existed
    assert broken.held == {blob.cid: FILM}
    assert store.replication == {}
