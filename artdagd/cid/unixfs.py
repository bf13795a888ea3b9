"""UnixFS files: bytes in, the CID that an IPFS node would give them out.

Formats: UnixFS 1 (specs.ipfs.tech/unixfs), dag-pb (ipld.io/specs/codecs/dag-pb), profiles of IPIP-499.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from artdagd.cid.identifier import CID, DAG_PB, RAW, varint


class Profile(msgspec.Struct, frozen=True):
    """The choices of an importer that shape a CID: chunk size in bytes, links a node, leaves, version of the CIDs."""

    name: str
    chunk: int
    links: int
    raw_leaves: bool
    version: int


V1_2025 = Profile("unixfs-v1-2025", 1 << 20, 1024, True, 1)
KNOWN_PROFILES = (
    V1_2025,
    Profile("ipfs add --cid-version=1", 1 << 18, 174, True, 1),
    Profile("unixfs-v0-2015", 1 << 18, 174, False, 0),
)
"""The profiles under which foreign dag-pb CIDs are verified; ours is the first."""


class Imported(msgspec.Struct, frozen=True):
    """What an :class:`Importer` found: the CID, and the number of bytes that it names."""

    cid: str
    size: int


class _Link(msgspec.Struct, frozen=True):
    cid: CID
    size: int  # bytes of the file under this link
    total: int  # Tsize: bytes of all blocks under this link


class Importer:
    """Names a stream of bytes as a UnixFS file, in memory that does not grow with it (one list of links per level).

    Layout: the balanced tree of UnixFS, all leaves at one depth, filled from the left.
    A file of one chunk is that leaf.
    """

    def __init__(self, profile: Profile = V1_2025) -> None:
        self._profile = profile
        self._levels: list[list[_Link]] = [[]]
        self._size = 0
        self._start_leaf()

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, in pieces of any size."""
        view = memoryview(data).cast("B")
        while len(view):
            part = view[: self._profile.chunk - self._filled]
            if self._held is None:
                self._hash.update(part)
            else:
                self._held += part
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == self._profile.chunk:
                self._end_leaf()

    def finish(self) -> Imported:
        """The name of all bytes taken. Call once, at the end."""
        if self._filled or not self._size:
            self._end_leaf()
        level = 0
        while level + 1 < len(self._levels) or len(self._levels[level]) > 1:
            if self._levels[level]:
                self._join(level)
            level += 1
        return Imported(str(self._levels[level][0].cid), self._size)

    def _start_leaf(self) -> None:
        self._filled = 0
        self._hash = hashlib.sha256()
        # A dag-pb leaf states its length before its bytes, so these must wait.
        self._held = None if self._profile.raw_leaves else bytearray()

    def _end_leaf(self) -> None:
        size = total = self._filled
        if self._held is None:
            cid = CID(1, RAW, self._hash.digest())
        else:
            block = _pb_node((), _unixfs_file(bytes(self._held), size, ()))
            cid, total = CID(self._profile.version, DAG_PB, hashlib.sha256(block).digest()), len(block)
        self._size += size
        self._push(0, _Link(cid, size, total))
        self._start_leaf()

    def _push(self, level: int, link: _Link) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(link)
        if len(self._levels[level]) == self._profile.links:
            self._join(level)

    def _join(self, level: int) -> None:
        links, self._levels[level] = self._levels[level], []
        size = sum(link.size for link in links)
        block = _pb_node(links, _unixfs_file(b"", size, [link.size for link in links]))
        cid = CID(self._profile.version, DAG_PB, hashlib.sha256(block).digest())
        self._push(level + 1, _Link(cid, size, len(block) + sum(link.total for link in links)))


def cid_of_bytes(data: bytes) -> str:
    """The CID of ``data`` as a blob."""
    importer = Importer()
    importer.update(data)
    return importer.finish().cid


def cid_of_file(path: Path | str) -> str:
    """The CID of a file's bytes as a blob. Raises OSError if it can't be read."""
    with open(path, "rb", buffering=0) as file:
        return _feed(file, Importer()).finish().cid


def names_file(cid: CID, path: Path | str) -> bool:
    """Whether ``path`` holds the bytes that ``cid`` names.

    A dag-pb CID does not tell how its tree was built: the profiles of :data:`KNOWN_PROFILES` are tried in turn.
    Raises OSError if the file can't be read.
    """
    with open(path, "rb", buffering=0) as file:
        if cid.codec != DAG_PB:
            return _feed(file, hashlib.sha256()).digest() == cid.digest
        for profile in KNOWN_PROFILES:
            file.seek(0)
            if CID.parse(_feed(file, Importer(profile)).finish().cid).v1() == cid.v1():
                return True
    return False


class _Sink(Protocol):
    def update(self, data: memoryview, /) -> object: ...


_S = TypeVar("_S", bound=_Sink)


def _feed(file: FileIO, sink: _S) -> _S:
    buffer = memoryview(bytearray(1 << 20))
    while count := file.readinto(buffer):
        sink.update(buffer[:count])
    return sink


def _unixfs_file(data: bytes, size: int, blocks: Iterable[int]) -> bytes:
    """UnixFS ``Data`` message: Type (1) = File, Data (2) if any, filesize (3), blocksizes (4)."""
    held = b"\x12" + varint(len(data)) + data if data else b""
    return b"\x08\x02" + held + b"\x18" + varint(size) + b"".join(b"\x20" + varint(block) for block in blocks)


def _pb_node(links: Iterable[_Link], data: bytes) -> bytes:
    """dag-pb ``PBNode``: Links (2), each Hash (1), an empty Name (2) and Tsize (3), come before Data (1)."""
    out = bytearray()
    for link in links:
        cid = bytes(link.cid)
        body = b"\x0a" + varint(len(cid)) + cid + b"\x12\x00\x18" + varint(link.total)
        out += b"\x12" + varint(len(body)) + body
    return bytes(out + b"\x0a" + varint(len(data)) + data)
