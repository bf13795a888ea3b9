"""Files to save, and what comes back."""

from __future__ import annotations

import os
import random
from pathlib import Path

import msgspec

from artdagd.cid import cid_of_bytes, cid_of_file
from artdagd.hooks import StorageBackend

CHUNK = 1 << 20
"""Bytes of the largest chunk that a backend may give."""


class Made(msgspec.Struct, frozen=True):
    """A file at ``path`` with the bytes ``data``, and its CID."""

    cid: str
    path: Path
    data: bytes


def make(folder: Path, size: int, seed: int = 0) -> Made:
    """A file of ``size`` bytes in ``folder``: others for each ``seed``, the same ones always."""
    data = random.Random(f"{size} {seed}").randbytes(size)
    path = folder / f"made-{size}-{seed}"
    path.write_bytes(data)
    return Made(cid_of_bytes(data), path, data)


def sparse(folder: Path, size: int) -> tuple[str, Path]:
    """CID and path of a file of ``size`` bytes, at least 8, nearly all of them 0, that takes no space."""
    path = folder / f"sparse-{size}"
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(-8, os.SEEK_END)
        file.write(b"the end.")
    return cid_of_file(path), path


async def read(backend: StorageBackend, cid: str) -> bytes:
    """All bytes that ``backend`` gives for ``cid``."""
    return b"".join([chunk async for chunk in backend.load(cid)])
