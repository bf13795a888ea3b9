"""Hashing what is stored, on demand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from artdagd.store import BlobStore


async def test_a_corrupt_blob_is_healed_by_a_provider_and_one_that_none_has_is_not(
    tmp_path: Path, opened: Any, shelf: Any
) -> None:
    kept = shelf()
    store = await opened(tmp_path, providers=[kept])
    films = [await store.put_bytes(bytes([number]) * 1000) for number in range(4)]
    for film in films:
        kept.held[film.cid] = (await store.path(film.cid)).read_bytes()
    sound, spoilt, lost, gone = films
    for film in (spoilt, lost):
        place = await store.path(film.cid)
        place.chmod(0o600)
        place.write_bytes(b"")
    (await store.path(gone.cid)).unlink()
    del kept.held[lost.cid]
    assert [await store.verify(film.cid) for film in (sound, spoilt, lost, gone)] == [
        "sound", "healed", "corrupt", "healed",
    ]  # fmt: skip
    assert (await store.path(spoilt.cid)).read_bytes() == b"\1" * 1000
    del kept.held[gone.cid]
    await store.delete(gone.cid, providers=False)
    assert await store.verify(gone.cid) == "missing"


async def test_verifying_is_no_use_and_disturbs_no_reader(store: BlobStore) -> None:
    blob = await store.put_bytes(b"film")
    place = await store.path(blob.cid)
    os.utime(place, ns=(10**18, os.stat(place).st_mtime_ns))
    sealed = store.sealed([place])
    assert await store.verify(blob.cid) == "sound"
    assert os.stat(place).st_atime_ns == 10**18
    assert store.sealed([place]) == sealed is not None
