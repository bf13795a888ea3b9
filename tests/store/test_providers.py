"""Copies that go out, blobs that come in, and providers that lie, fail or hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artdagd.cid import cid_of_bytes
from artdagd.errors import BlobCorrupt, Unavailable
from artdagd.store.circuit import FAILURES

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
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            await asyncio.Event().wait()
            yield b""

    store = await opened(tmp_path, providers=[Hanging()], timeout=0.01)
    with pytest.raises(Unavailable):
        await store.path(cid_of_bytes(b"other"))
    assert drafts(store) == []


async def test_what_trickles_in_is_given_up(tmp_path: Path, opened: Any, drafts: Any, shelf: Any) -> None:
    class Trickling(shelf):
        async def load(self, cid: str) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.005)
                yield b"x"

    store = await opened(tmp_path, providers=[Trickling()], timeout=0.05)
    with pytest.raises(Unavailable):
        await store.path(cid_of_bytes(b"other"))
    assert drafts(store) == []


async def test_a_provider_that_fails_again_and_again_is_left_alone(tmp_path: Path, opened: Any, shelf: Any) -> None:
    down = shelf({cid_of_bytes(FILM): FILM}, fault=ConnectionError("down"))
    store = await opened(tmp_path, providers=[down])
    (used,) = store.providers.every()
    for _ in range(FAILURES + 3):
        with pytest.raises(Unavailable):
            await store.path(cid_of_bytes(FILM))
    assert (down.loads, used.circuit.state, used.circuit.error) == (FAILURES, "open", "down")
    down.fault = None
    used.circuit._until = 0.0
    assert used.circuit.state == "trying"
    assert (await store.path(cid_of_bytes(FILM))).read_bytes() == FILM
    assert (used.circuit.state, used.circuit.error) == ("closed", "")
