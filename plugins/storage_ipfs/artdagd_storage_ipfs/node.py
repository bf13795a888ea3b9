"""Blobs on an IPFS node: under the CID that they have here, pinned."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from io import FileIO
from pathlib import Path

from artdagd.hooks import finished
from artdagd_storage_ipfs.config import IpfsConfig
from artdagd_storage_ipfs.errors import IpfsError, cut
from artdagd_storage_ipfs.naming import DAG_PB, Name, name_of
from artdagd_storage_ipfs.rpc import CHUNK, Rpc

TIMEOUT = 30.0
"""Seconds for which nothing may happen in a request."""
TRIES = 3
"""How often blocks are sent that another deletion, or the node's collection, took before they were pinned."""
VALUE = 64 << 20
"""Bytes of the largest structured value: it is one block."""
BLOCK = 2 << 20
"""Bytes of the largest block of others that is fetched: IPFS nodes exchange no larger ones."""
REMOVED = 1000
"""Blocks that are deleted by one command."""

# Each choice that shapes a CID is stated: a node may have other defaults (Import.* of its configuration).
_IMPORT = {
    "cid_version": "1", "hash": "sha2-256", "raw_leaves": "true", "chunker": f"size-{1 << 20}", "trickle": "false",
    "max_file_links": "1024", "inline": "false", "nocopy": "false", "wrap_with_directory": "false",
    "preserve_mode": "false", "preserve_mtime": "false",
}  # fmt: skip


class IpfsNode:
    """A :class:`artdagd.hooks.RangedStorage` and :class:`artdagd.hooks.BlockSource`: a blob is what is pinned under its
    CID and our name.

    Nothing is connected, and nothing heavy imported, before the first request. A name that is no CID is refused with
    ValueError; what fails raises :class:`IpfsError`, an OSError.
    """

    def __init__(self, config: IpfsConfig, *, timeout: float = TIMEOUT) -> None:
        self._config = config
        self._rpc = Rpc(config, timeout)

    async def save(self, cid: str, path: Path) -> None:
        """Import ``path``, see that the node names it ``cid``, and pin it; nothing if that was done before.

        A UnixFS tree by ``add``, anything else as one block.
        """
        name = name_of(cid)
        with await finished(asyncio.to_thread(FileIO, path), undo=FileIO.close) as file:
            size = os.fstat(file.fileno()).st_size
            if await self._size(name) == size:
                return
            for attempt in range(TRIES):
                await asyncio.to_thread(file.seek, 0)
                await self._import(name, file, size)
                try:
                    # What goes on at the node when we are gone would pin later what was deleted meanwhile.
                    await finished(self._pin(name))
                except IpfsError as error:
                    if not error.missing or attempt + 1 == TRIES:
                        raise
                else:
                    return

    async def _pin(self, name: Name) -> None:
        whole = "true" if name.pin == "recursive" else "false"
        await self._rpc.call("pin/add", name.text, name=self._config.pin_name, recursive=whole, offline="true")

    async def _import(self, name: Name, file: FileIO, size: int) -> None:
        if name.codec == DAG_PB:
            answer = await self._rpc.send("add", _chunks(file), size, pin="false", quieter="true", **_IMPORT)
            said = answer.get("Hash")
        elif size <= VALUE:
            answer = await self._rpc.send(
                "block/put", _chunks(file), size,
                cid_codec=name.codec_name, mhtype="sha2-256", pin="false", allow_big_block="true",
            )  # fmt: skip
            said = answer.get("Key")
        else:
            raise IpfsError(f"{name.text} is one block of {size} bytes: more than {VALUE} are not sent")
        if said != name.text:
            raise IpfsError(f"{self._config.where} names the bytes of {name.text} {cut(said)!r}: they were not pinned")

    def load(self, cid: str) -> AsyncIterator[bytes]:
        """The bytes, in chunks. Raises FileNotFoundError."""
        return self.load_range(cid, 0, None)

    async def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
        """The bytes ``start`` to ``stop``, without the latter. Raises FileNotFoundError."""
        name = name_of(cid)
        size = await self._size(name)
        if size is None:
            raise FileNotFoundError(cid)
        left = (size if stop is None else min(stop, size)) - start
        if left <= 0:
            return
        if name.codec == DAG_PB:
            part = {"offset": str(start), "length": str(left)}
            chunks = self._rpc.read("cat", name.text, offline="true", **part)
        else:
            chunks = _part(self._rpc.read("block/get", name.text, offline="true"), start, left)
        async for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise IpfsError(f"{self._config.where}: {name.text} is longer than it said")
            yield chunk
        if left:  # an error after the head of the answer looks like its end
            raise IpfsError(f"{self._config.where}: {name.text} ended {left} bytes early", passes=True)

    async def size(self, cid: str) -> int | None:
        """Bytes, or None if it is not pinned under our name."""
        return await self._size(name_of(cid))

    async def delete(self, cid: str) -> None:
        """Unpin it, and delete those of its blocks that no other pin needs."""
        name = name_of(cid)
        if not await self._pinned(name):
            return
        blocks = await self._blocks(name) if self._config.remove_blocks else []
        try:
            await self._rpc.call("pin/rm", name.text)
        except IpfsError as error:
            if not error.missing:
                raise
        for start in range(0, len(blocks), REMOVED):
            # A block that another pin needs stays; the node says so for each.
            await self._rpc.call("block/rm", *blocks[start : start + REMOVED], seconds=30, force="true", quiet="true")

    async def list(self) -> AsyncIterator[str]:
        """The CIDs of all pins of our name."""
        ours = self._config.pin_name
        for kind in ("recursive", "direct"):
            async for pin in self._rpc.objects("pin/ls", type=kind, names="true", name=ours, stream="true"):
                if pin.get("Name") == ours and pin.get("Cid"):  # the node looks for a part of the name
                    yield name_of(str(pin["Cid"])).text

    async def block(self, cid: str) -> bytes:
        """One block, whoever on the IPFS network has it, unverified. Raises FileNotFoundError if it is not found."""
        data = bytearray()
        try:
            async for chunk in self._rpc.read("block/get", name_of(cid).text):
                data += chunk
                if len(data) > BLOCK:
                    raise IpfsError(f"{cid} is a block of more than {BLOCK} bytes")
        except IpfsError as error:
            if error.missing:
                raise FileNotFoundError(cid) from None
            raise
        return bytes(data)

    async def version(self) -> str:
        """Which program, of what version, answers."""
        (answer,) = await self._rpc.call("version")
        return f"Kubo {cut(answer.get('Version'))}"

    async def close(self) -> None:
        """Close all connections. What is called later fails."""
        await self._rpc.close()

    async def _pinned(self, name: Name) -> bool:
        try:
            found = await self._rpc.call("pin/ls", name.text, type=name.pin, names="true")
        except IpfsError as error:
            if error.missing:
                return False
            raise
        keys = found[0].get("Keys") if found else None
        if not isinstance(keys, dict) or not all(isinstance(one, dict) for one in keys.values()):
            raise IpfsError(f"{self._config.where}: it does not say what is pinned")
        return any(key == name.text and keys[key].get("Name") == self._config.pin_name for key in keys)

    async def _size(self, name: Name) -> int | None:
        if not await self._pinned(name):
            return None
        try:
            if name.codec == DAG_PB:
                (answer,) = await self._rpc.call("files/stat", f"/ipfs/{name.text}", offline="true")
            else:
                (answer,) = await self._rpc.call("block/stat", name.text, offline="true")
            return int(answer["Size"])
        except IpfsError as error:
            if error.missing:
                return None
            raise
        except (KeyError, ValueError, TypeError):
            raise IpfsError(f"{self._config.where}: it does not say how large {name.text} is") from None

    async def _blocks(self, name: Name) -> Sequence[str]:
        """The CIDs of the blob's blocks, the root last."""
        if name.codec != DAG_PB:
            return [name.text]
        found = []
        try:
            async for link in self._rpc.objects("refs", name.text, recursive="true", unique="true", offline="true"):
                if link.get("Err"):
                    break  # of a tree with a hole, what is above it goes
                found.append(str(link["Ref"]))
        except IpfsError as error:
            if not error.missing:
                raise
        return [*found, name.text]


async def _chunks(file: FileIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK):
        yield chunk


async def _part(chunks: AsyncIterator[bytes], start: int, count: int) -> AsyncIterator[bytes]:
    """``count`` bytes from number ``start`` on."""
    async for chunk in chunks:
        piece = chunk[start : start + count]
        start = max(0, start - len(chunk))
        count -= len(piece)
        if piece:
            yield piece
