"""Blobs in a directory, sharded by the last two characters of their CID."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import msgspec

CHUNK = 1 << 20
STOPPING_SECONDS = 10.0
"""How long a cancelled save waits for its thread. One that a hung disk keeps longer will still name nothing."""
_CID = re.compile(r"[0-9A-Za-z]{46,128}")


class LocalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the blobs lie."""

    path: Annotated[str, msgspec.Meta(pattern="^/", description="Absolute path of the directory")]


class Directory:
    """A :class:`artdagd.hooks.StorageBackend`: ``<path>/<last two characters>/<cid>``, written by way of ``.tmp``.

    A name that is no CID is refused with ValueError, as it could lead out of the directory.
    """

    def __init__(self, config: LocalConfig) -> None:
        self._root = Path(config.path)

    async def save(self, cid: str, path: Path) -> None:
        """Copy ``path`` durably: temporary file, fsync, rename, fsync of the folder. Raises OSError."""
        target, stop = self._place(cid), threading.Event()
        saving = asyncio.ensure_future(asyncio.to_thread(self._save, path, target, stop))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            stop.set()  # a thread can't be cancelled: it is told to stop, and does not name what it wrote
            await asyncio.wait([saving], timeout=STOPPING_SECONDS)
            raise

    def load(self, cid: str) -> AsyncIterator[bytes]:
        """The bytes in chunks of 1 MiB. Raises FileNotFoundError."""
        return self.load_range(cid, 0, None)

    async def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
        """The bytes ``start`` to ``stop``, without the latter, in chunks of 1 MiB. Raises FileNotFoundError."""
        file = await asyncio.to_thread(self._place(cid).open, "rb", buffering=0)
        with file:
            left = sys.maxsize if stop is None else stop - start
            file.seek(start)
            while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, CHUNK))):
                left -= len(chunk)
                yield chunk

    async def size(self, cid: str) -> int | None:
        """Bytes, or None if it is not here."""
        try:
            return (await asyncio.to_thread(self._place(cid).stat)).st_size
        except FileNotFoundError:
            return None

    async def delete(self, cid: str) -> None:
        """Remove the file, if it is here."""
        await asyncio.to_thread(self._place(cid).unlink, missing_ok=True)

    async def list(self) -> AsyncIterator[str]:
        """The CIDs of all files in their place."""
        for shard in await asyncio.to_thread(_names, self._root):
            if len(shard) == 2:
                for name in await asyncio.to_thread(_names, self._root / shard):
                    if _CID.fullmatch(name) and name.endswith(shard):
                        yield name

    async def close(self) -> None:
        """Nothing is held open."""

    def _place(self, cid: str) -> Path:
        if not _CID.fullmatch(cid):
            raise ValueError(f"{cid!r} is not a CID")
        return self._root / cid[-2:] / cid

    def _save(self, source: Path, target: Path, stop: threading.Event) -> None:
        with source.open("rb") as reading:
            # A file of another size is what a crash of the machine left, or decay: it is written again.
            if target.is_file() and target.stat().st_size == os.fstat(reading.fileno()).st_size:
                return
            tmp = self._root / ".tmp"
            for folder in (self._root, tmp, target.parent):
                if not folder.is_dir():
                    folder.mkdir(exist_ok=True)
                    _sync_folder(folder.parent)
            fd, name = tempfile.mkstemp(dir=tmp)
            try:
                with os.fdopen(fd, "wb") as writing:
                    while not stop.is_set() and (chunk := reading.read(CHUNK)):
                        writing.write(chunk)
                    writing.flush()
                    os.fchmod(fd, 0o444)
                    os.fsync(fd)
                if stop.is_set():
                    raise InterruptedError(f"saving {target.name} was cancelled")
                os.replace(name, target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            _sync_folder(target.parent)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
