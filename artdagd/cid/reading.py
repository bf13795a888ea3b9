"""UnixFS blocks of others, read with suspicion: what a block holds, once its bytes are what its CID says.

Formats: dag-pb (ipld.io/specs/codecs/dag-pb), UnixFS 1 (specs.ipfs.tech/unixfs), protobuf wire format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from artdagd.cid.identifier import CID, CODECS, DAG_PB, RAW

MOST_LINKS = 100_000
"""Links of one block that are followed."""

_KINDS = {1: "a directory", 3: "metadata", 4: "a symbolic link", 5: "a directory (HAMT)"}
_RAW_DATA, _FILE = 0, 2


class WrongBlock(ValueError):
    """A block's bytes are not what its CID names."""


class NoFile(ValueError):
    """The content is something else than one file."""


class Part(msgspec.Struct, frozen=True):
    """A child of a file's node: its CID, and how many bytes of the file are under it."""

    cid: CID
    size: int


class Block(msgspec.Struct, frozen=True):
    """What a block holds of a file: ``data``, then what is under ``parts``; ``size`` is both together, in bytes."""

    data: bytes
    parts: tuple[Part, ...]
    size: int


def read_block(cid: CID, block: bytes) -> Block:
    """What ``block`` holds. A block of any codec but dag-pb is a file by itself.

    Raises WrongBlock if ``cid`` does not name these bytes, NoFile if they are no part of a file, or malformed.
    """
    if hashlib.sha256(block).digest() != cid.digest:
        raise WrongBlock(f"the {len(block)} bytes are not what {cid} names")
    if cid.codec != DAG_PB:
        return Block(block, (), len(block))
    try:
        return _node(block)
    except NoFile as error:
        raise NoFile(f"{cid} is {error}") from None
    except (ValueError, IndexError) as error:
        raise NoFile(f"{cid} is malformed: {error}") from None


def _node(block: bytes) -> Block:
    """PBNode: Links (2), Data (1)."""
    links: list[CID] = []
    data: bytes | None = None
    for number, value in _fields(block):
        if number == 2 and isinstance(value, bytes):
            links.append(_link(value))
        elif number == 1 and isinstance(value, bytes) and data is None:
            data = value
        else:
            raise ValueError("a dag-pb node has one Data, and Links")
    if data is None:
        raise NoFile("no UnixFS node: it has no data")
    return _file(data, links)


def _link(message: bytes) -> CID:
    """PBLink: Hash (1), Name (2), Tsize (3). The links of a file have no name."""
    found = dict(_fields(message))
    name, target = found.get(2, b""), found.get(1)
    if not isinstance(target, bytes):
        raise ValueError("a link without a CID")
    if name:
        raise NoFile("a node with named links: a directory, or no UnixFS")
    cid = _cid(target)
    if cid.codec not in (RAW, DAG_PB):
        raise ValueError(f"a file has no part of codec {CODECS[cid.codec]}")
    return cid


def _cid(data: bytes) -> CID:
    if data[:2] == b"\x12\x20" and len(data) == 34:
        return CID(0, DAG_PB, data[2:])
    return CID.parse("f" + data.hex())


def _file(message: bytes, links: list[CID]) -> Block:
    """UnixFS ``Data``: Type (1), Data (2), filesize (3), blocksizes (4, one by one or packed)."""
    kind, held, said = -1, b"", -1
    sizes: list[int] = []
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2 and isinstance(value, bytes):
            held = value
        elif number == 3 and isinstance(value, int):
            said = value
        elif number == 4:
            sizes += [value] if isinstance(value, int) else _varints(value)
    if kind not in (_FILE, _RAW_DATA):
        raise NoFile(f"{_KINDS.get(kind, 'of a kind that is not known')}: only files are fetched")
    if len(sizes) != len(links) or len(links) > MOST_LINKS:
        raise ValueError(f"it has {len(links)} links, and the sizes of {len(sizes)}")
    if any(size < 1 for size in sizes):
        raise ValueError("it has a part without bytes")
    size = len(held) + sum(sizes)
    if said >= 0 and said != size:
        raise ValueError(f"its size is {size}, and not the {said} that it says")
    return Block(held, tuple(Part(cid, size) for cid, size in zip(links, sizes, strict=True)), size)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: varints (wire type 0) and bytes (2); those of 4 and 8 bytes are passed over."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif wire == 2:
            length, at = _varint(message, at)
            if length > len(message) - at:
                raise ValueError("a field is cut off")
            yield key >> 3, message[at : at + length]
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
            if at > len(message):
                raise ValueError("a field is cut off")
        else:
            raise ValueError(f"wire type {wire}")


def _varints(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number has more than 64 bits")
