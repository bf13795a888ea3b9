"""Files that no longer hold what their name says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artdagd.errors import BlobCorrupt
from artdagd.store import BlobStore, quarantine, verified

COARSE = 5
"""CLOCK_REALTIME_COARSE of clock_gettime(2), by which the kernel stamps files."""

FILM = bytes(range(256)) * 12_000  # three chunks


def flip(data: bytes) -> bytes:
    return data[:1_500_000] + bytes([data[1_500_000] ^ 1]) + data[1_500_001:]


DECAYS: dict[str, Callable[[bytes], bytes]] = {
    "flip": flip,
    "truncate": lambda data: data[:-1],
    "empty": lambda data: b"",
    "zero": lambda data: bytes(len(data)),
    "longer": lambda data: data + b"!",
}


def spoil(path: Path, decay: Callable[[bytes], bytes]) -> None:
    path.chmod(0o600)
    path.write_bytes(decay(path.read_bytes()))


@pytest.mark.parametrize("decay", DECAYS)
async def test_decay_is_found_and_quarantined(store: BlobStore, decay: str) -> None:
    blob = await store.put_bytes(FILM)
    spoil(await store.path(blob.cid), DECAYS[decay])
    with pytest.raises(BlobCorrupt):
        await store.path(blob.cid)
    assert not store.has(blob.cid)
    assert [path.read_bytes() for path in store.layout.quarantine.iterdir()] == [DECAYS[decay](FILM)]
    assert not (await store.put_bytes(FILM)).existed
    assert (await store.path(blob.cid)).read_bytes() == FILM


@pytest.mark.parametrize("decay", DECAYS)
async def test_decay_is_healed_from_a_provider(
    tmp_path: Path, decay: str, opened: Any, drafts: Any, shelf: Any
) -> None:
    wrong, right = shelf(), shelf()
    store = await opened(tmp_path, providers=[wrong, right])
    blob = await store.put_bytes(FILM)
    assert right.held == {blob.cid: FILM}
    wrong.held[blob.cid] = DECAYS[decay](FILM)
    spoil(await store.path(blob.cid), DECAYS[decay])
    assert (await store.path(blob.cid)).read_bytes() == FILM
    assert len(list(store.layout.quarantine.iterdir())) == 1
    assert drafts(store) == []


async def test_a_decayed_value_is_healed_in_its_section(tmp_path: Path, opened: Any, shelf: Any) -> None:
    store = await opened(tmp_path, providers=[shelf()])
    blob = await store.put_value({"beats": [0.5]}, "analysis")
    place = await store.path(blob.cid)
    spoil(place, lambda data: b"{}")
    assert await store.read_value(blob.cid) == {"beats": [0.5]}
    assert await store.path(blob.cid) == place


async def test_an_upload_replaces_a_decayed_file(store: BlobStore) -> None:
    blob = await store.put_bytes(FILM)
    spoil(await store.path(blob.cid), DECAYS["zero"])
    assert not (await store.put_bytes(FILM)).existed
    assert (await store.path(blob.cid)).read_bytes() == FILM


async def test_a_file_is_hashed_once_in_a_process_and_again_on_request(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, opened: Any
) -> None:

    blob = await store.put_bytes(FILM)
    store = await opened(store.layout.root)
    hashed: list[Path] = []
    real = verified.names_file
    monkeypatch.setattr(verified, "names_file", lambda cid, path: hashed.append(path) or real(cid, path))
    await asyncio.gather(*(store.path(blob.cid) for _ in range(5)))
    assert len(hashed) == 1
    await store.path(blob.cid, again=True)
    assert len(hashed) == 2


@pytest.mark.parametrize(("most", "most_bytes", "kept"), [(3, 1 << 20, 3), (100, 25, 2), (100, 5, 1)])
async def test_quarantine_keeps_what_came_last(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int, kept: int
) -> None:
    monkeypatch.setattr(quarantine, "MOST", most)
    monkeypatch.setattr(quarantine, "MOST_BYTES", most_bytes)
    cids = [(await store.put_bytes(b"%010d" % number)).cid for number in range(6)]
    for cid in cids:
        spoil(await store.path(cid), lambda data: data[:-1] + b"?")
        with pytest.raises(BlobCorrupt):
            await store.path(cid)
        moment = time.clock_gettime_ns(COARSE)
        while time.clock_gettime_ns(COARSE) == moment:  # or two files came at the same time
            await asyncio.sleep(0)
    there = {path.name.partition(".")[0] for path in store.layout.quarantine.iterdir()}
    assert there == set(cids[-kept:])
