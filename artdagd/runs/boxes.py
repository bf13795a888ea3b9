"""The tracks of an MP4 or QuickTime file that a worker wrote: where its packets are and when they are shown.

ISO/IEC 14496-12 (boxes, sample tables, edit lists). Nothing is decoded: what is read are numbers, within bounds.
Workers are not trusted: a small file takes little memory and time, whatever it says.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import msgspec

from artdagd.errors import NotFound, StepFailed

HEADERS = 64 << 20
"""Bytes of a file's headers that are read."""

PACKETS = 10_000_000
"""Packets of a track: more than a day of sound."""


class Track(msgspec.Struct, frozen=True):
    """Packets in the order of decoding: ``places`` and ``sizes`` in bytes, ``decoded``, ``shown`` and ``lasts`` in
    ticks, of which ``scale`` are a second; 0 is the start of what is shown. ``entry`` is the sample entry, which says
    how it was encoded; ``width`` and ``height`` are in 1/65536 pixels; ``keys`` are the numbers of the keyframes, None
    if all are.
    """

    kind: bytes
    entry: bytes
    scale: int
    width: int
    height: int
    places: array[int]
    sizes: array[int]
    decoded: array[int]
    shown: array[int]
    lasts: array[int]
    keys: frozenset[int] | None


@contextmanager
def reading() -> Iterator[None]:
    """What goes wrong with a file is told so: StepFailed if it is broken, NotFound if it is not there any more."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("a part is not there any more", advice="Ask again.") from error
    except (ArithmeticError, LookupError, OSError, ValueError, struct.error) as error:
        raise StepFailed(f"a part can't be read: {error}", code="refused") from error


@reading()
def track(path: Path, kind: bytes) -> Track:
    """The first track of a ``kind``: ``vide`` or ``soun``. Raises StepFailed if it can't be read, NotFound if
    it is not there."""
    moov, length = _headers(path)
    movie = struct.unpack_from(">I", *_clock(_only(moov, b"mvhd")))[0]
    for name, trak in boxes(moov):
        if name == b"trak" and _only(trak, b"mdia", b"hdlr")[8:12] == kind:
            return _track(kind, trak, movie, length)
    raise StepFailed(f"a part has no track {kind.decode()!r}", code="refused")


def boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes in ``data``, each with its name and what is in it. Raises ValueError or struct.error."""
    at = 0
    while at + 8 <= len(data):
        name, begin, size = _head(data, at)
        if size < begin or at + size > len(data):
            raise ValueError(f"the box {name!r} is cut off")
        yield name, data[at + begin : at + size]
        at += size


def _head(data: memoryview | bytes, at: int) -> tuple[bytes, int, int]:
    """A box's name, where what is in it begins, and where it ends, both from its own start. Raises struct.error."""
    size, name = struct.unpack_from(">I4s", data, at)
    if size != 1:
        return name, 8, size
    return name, 16, struct.unpack_from(">Q", data, at + 8)[0]


def _only(data: memoryview, *names: bytes) -> memoryview:
    """What is in the first box of a name, in the first box of the name before it, and so on. Raises KeyError."""
    for wanted in names:
        for name, inside in boxes(data):
            if name == wanted:
                data = inside
                break
        else:
            raise KeyError(f"there is no box {wanted.decode()!r}")
    return data


def _maybe(data: memoryview, *names: bytes) -> memoryview | None:
    try:
        return _only(data, *names)
    except KeyError:
        return None


def _headers(path: Path) -> tuple[memoryview, int]:
    """What is in the box of headers, and the length of the file in bytes."""
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        while len(head := file.read(16)) >= 8:
            name, begin, size = _head(head, 0)
            if size < begin:
                break
            file.seek(begin - len(head), 1)
            if name == b"moov":
                if size > HEADERS:
                    raise ValueError("its headers are too long")
                return memoryview(file.read(size - begin)), length
            file.seek(size - begin, 1)
    raise ValueError("it has no headers")


def _clock(box: memoryview) -> tuple[memoryview, int]:
    """Where the ticks a second stand in a header of a movie or a medium."""
    return box, 20 if box[0] else 12


def _track(kind: bytes, trak: memoryview, movie: int, length: int) -> Track:
    table, header = _only(trak, b"mdia", b"minf", b"stbl"), _only(trak, b"tkhd")
    (scale,) = struct.unpack_from(">I", *_clock(_only(trak, b"mdia", b"mdhd")))
    if not scale:
        raise ValueError("a second of it has no ticks")
    sizes = _sizes(_only(table, b"stsz"), length)
    lasts = _runs(_only(table, b"stts"), len(sizes), "I")
    late = _maybe(table, b"ctts")
    offsets = _runs(late, len(sizes), "i") if late is not None else array("q", repeat(0, len(sizes)))
    keys = _maybe(table, b"stss")
    if keys is not None and len(keys) > 8 + 4 * len(sizes):
        raise ValueError("it has more keyframes than packets")
    edits = _maybe(trak, b"edts", b"elst")
    time = _first(edits, scale, movie) if edits is not None else 0
    decoded, shown = array("q"), array("q")
    for lasting, offset in zip(lasts, offsets, strict=True):
        decoded.append(time)
        shown.append(time + offset)
        time += lasting
    width, height = struct.unpack_from(">II", header, len(header) - 8)
    entry = _only(table, b"stsd")[8:]
    (long,) = struct.unpack_from(">I", entry)
    if not 8 <= long <= len(entry):
        raise ValueError("what says how it is encoded is cut off")
    return Track(
        kind,
        bytes(entry[:long]),
        scale,
        width,
        height,
        _places(table, sizes),
        sizes,
        decoded,
        shown,
        lasts,
        frozenset(number - 1 for (number,) in struct.iter_unpack(">I", keys[8:])) if keys is not None else None,
    )


def _first(edits: memoryview, scale: int, movie: int) -> int:
    """When the first packet is decoded: an edit list says what is left out before, and how long nothing is shown."""
    count = struct.unpack_from(">I", edits, 4)[0]
    form = struct.Struct(">QqI" if edits[0] else ">IiI")
    time = 0
    for number in range(min(count, 8)):
        lasting, begin, _ = form.unpack_from(edits, 8 + number * form.size)
        if begin >= 0:
            return time - int(begin)
        time += round(lasting * scale / movie)
    return time


def _sizes(box: memoryview, length: int) -> array[int]:
    """The sizes of packets, which together are no more than the ``length`` of their file: none lies in another."""
    size, count = struct.unpack_from(">II", box, 4)
    if count > min(PACKETS, length):
        raise ValueError("it has too many packets")
    if size * count > length:
        raise ValueError("its packets are larger than the file")
    if size:
        return array("q", repeat(size, count))
    sizes = array("q", (one for (one,) in struct.iter_unpack(">I", box[12 : 12 + 4 * count])))
    if sum(sizes) > length:
        raise ValueError("its packets are larger than the file")
    return sizes


def _runs(box: memoryview, total: int, kind: str) -> array[int]:
    """Values for ``total`` packets, which a box has as (how many, what)."""
    found = array("q")
    for count, value in struct.iter_unpack(f">I{kind}", box[8:]):
        found.extend(repeat(value, min(count, total - len(found))))
    if len(found) != total:
        raise ValueError("its tables don't go together")
    return found


def _places(table: memoryview, sizes: array[int]) -> array[int]:
    """Packets lie in chunks, one after the other. Each run of chunks has the number of its first, from 1 on, and how
    many packets are in each of its chunks."""
    chunks = _maybe(table, b"stco")
    wide = chunks is None
    box = _only(table, b"co64")[8:] if chunks is None else chunks[8:]
    rows = _only(table, b"stsc")[8:]
    if max(len(box) // (8 if wide else 4), len(rows) // 12) > len(sizes):
        raise ValueError("it has more chunks than packets")
    starts = [place for (place,) in struct.iter_unpack(">Q" if wide else ">I", box)]
    runs = list(struct.iter_unpack(">III", rows))
    ends = [first for first, _, _ in runs[1:]] + [len(starts) + 1]
    found = array("q")
    for (first, each, _), end in zip(runs, ends, strict=True):
        if not (0 < first < end <= len(starts) + 1 and each):
            raise ValueError("its chunks are not in their order")
        for place in starts[first - 1 : end - 1]:
            for size in sizes[len(found) : len(found) + each]:
                found.append(place)
                place += size
    if len(found) != len(sizes):
        raise ValueError("its tables don't go together")
    return found
