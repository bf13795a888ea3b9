"""A segment, and what is heard meanwhile, as a fragment of a stream: fragmented MP4 (ISO/IEC 14496-12, 8.8).

Players differ in what they make of times below 0, and of edit lists in streams. So picture and sound alike are later
than in the finished file, by the frames by which the encoder reorders. Packets are copied as they are.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from threading import Lock

import msgspec

from artdagd.errors import StepFailed
from artdagd.runs.boxes import Track, boxes, reading, track
from artdagd.runs.silence import SAMPLES, silence

PICTURE, SOUND = b"vide", b"soun"

FILES = 8
"""Sounds of which it is remembered where their packets are."""

RATE = 1_000_000
"""Samples a second of a sound."""

QUIET = 1_000_000
"""Packets of silence after a sound: five hours."""

PIECES = 1_000_000
LARGEST = 1 << 30
"""Packets of a track in one fragment, and their bytes."""

PICTURE_ENTRY = 86
"""Bytes of a picture's sample entry (8.5.2.2) before the boxes in it."""

KEY, OTHER = 0x02000000, 0x01010000
"""Flags of a packet (8.8.3.1): no other is needed to decode it; others are."""


class Cut(msgspec.Struct, frozen=True):
    """Which part of a result a segment is: ``frames`` of it from ``first`` on; ``final`` if none follows."""

    first: int
    frames: int
    fps: Fraction
    final: bool


class Coding(msgspec.Struct, frozen=True):
    """What a player has to know: the media ``type`` with the codecs (RFC 6381), and by how many frames the stream is
    later than the file."""

    type: str
    late: int


class _Packets(msgspec.Struct, frozen=True):
    """Packets of one track, which are decoded one after the other from ``time`` on. Each has its length in ticks, its
    flags, and by how many ticks it is shown later than it is decoded."""

    time: int
    each: Sequence[tuple[int, int, int]]
    data: Sequence[bytes]


@reading()
def headers(picture: Path, sound: Path | None, fps: Fraction) -> bytes:
    """What comes before all fragments, the same whichever segment ``picture`` is. Raises StepFailed, or NotFound if
    a part is gone."""
    seen = track(picture, PICTURE)
    tracks = [_trak(1, seen, fps.numerator)]
    if sound is not None:
        heard = _sound(sound)
        tracks.append(_trak(2, heard, heard.scale))
    more = [_full(b"trex", 0, 0, struct.pack(">5I", number, 1, 0, 0, 0)) for number in range(1, len(tracks) + 1)]
    movie = struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x0100) + _MATRIX + bytes(24)
    movie += struct.pack(">I", len(tracks) + 1)
    moov = _box(b"moov", _full(b"mvhd", 0, 0, movie), *tracks, _box(b"mvex", *more))
    return _box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6cmfcmp41") + moov


@reading()
def fragment(number: int, picture: Path, sound: Path | None, cut: Cut) -> bytes:
    """The fragment of segment ``number``. Raises StepFailed, or NotFound if a part is gone."""
    seen = track(picture, PICTURE)
    late = _late(seen, cut.fps)
    parts = [_seen(picture, seen, cut, late)]
    if sound is not None:
        parts.append(_heard(sound, cut, late))
    sequence = _full(b"mfhd", 0, 0, struct.pack(">I", number + 1))
    size = len(_box(b"moof", sequence, *(_traf(n + 1, part, 0) for n, part in enumerate(parts))))
    trafs, place = [], size + 8
    for n, part in enumerate(parts):
        trafs.append(_traf(n + 1, part, place))
        place += sum(map(len, part.data))
    return _box(b"moof", sequence, *trafs) + _box(b"mdat", *(data for part in parts for data in part.data))


@reading()
def coding(picture: Path, sound: Path | None, fps: Fraction) -> Coding:
    """The same of every segment of a result. Raises StepFailed, or NotFound if a part is gone."""
    seen = track(picture, PICTURE)
    codecs = [_picture_codec(seen.entry)]
    if sound is not None:
        codecs.append(_sound_codec(_sound(sound).entry))
    return Coding(f'video/mp4; codecs="{", ".join(codecs)}"', _late(seen, fps))


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


_SOUNDS = Lock()


def _sound(path: Path) -> Track:
    """Fragments of a run are built at the same time, and have the same sound: it is read once."""
    with _SOUNDS:
        return _listed(path)


@lru_cache(maxsize=FILES)
def _listed(path: Path) -> Track:
    heard = track(path, SOUND)
    if heard.scale > RATE:
        raise StepFailed(f"a part can't be read: its sound has more than {RATE:,} samples a second", code="refused")
    return heard


def _late(seen: Track, fps: Fraction) -> int:
    """By how many frames the first packet is decoded before anything is shown."""
    return max(0, round(Fraction(-seen.decoded[0], seen.scale) * fps)) if seen.decoded else 0


def _seen(path: Path, seen: Track, cut: Cut, late: int) -> _Packets:
    """The picture, in ticks of which a frame lasts as many as the rate's denominator."""
    count, tick = len(seen.sizes), cut.fps.denominator
    if not cut.final and count != cut.frames:
        raise StepFailed(f"a segment has {count} frames, and {cut.frames} were planned", code="refused")
    _bounded(count)
    each = []
    for place, time in enumerate(seen.shown):
        frame = round(Fraction(time, seen.scale) * cut.fps) + late
        each.append((tick, KEY if seen.keys is None or place in seen.keys else OTHER, (frame - place) * tick))
    return _Packets(cut.first * tick, each, _read(path, seen, 0, count))


def _heard(path: Path, cut: Cut, late: int) -> _Packets:
    """The packets of the sound that end while the segment is seen, so that its start is heard, too. Where the sound has
    ended, silence."""
    heard = _sound(path)
    nothing = silence(_described(heard.entry))
    begin, end, shift = (heard.scale * frames / cut.fps for frames in (cut.first, cut.first + cut.frames, late))
    first = _heard_at(heard, begin) if cut.first else bisect_left(heard.decoded, -shift)
    stop, count = _heard_at(heard, end), len(heard.decoded)
    stop = min(max(stop, count) if cut.final else stop, count + QUIET if nothing else count)
    if stop <= first:
        return _Packets(round(begin), (), ())
    _bounded(stop - first)
    real, after = range(min(first, count), min(stop, count)), max(first - count, 0)
    lasts = [*heard.lasts[real.start : real.stop], *[SAMPLES] * (stop - max(first, count))]
    time = heard.decoded[first] if first < count else _ended(heard) + SAMPLES * after
    data = [*_read(path, heard, real.start, real.stop), *[nothing] * (len(lasts) - len(real))]
    return _Packets(time + round(shift), [(lasting, KEY, 0) for lasting in lasts], data)


def _bounded(packets: int) -> None:
    if packets > PIECES:
        raise StepFailed(f"a segment has {packets:,} packets, and {PIECES:,} are allowed", code="refused")


def _ended(heard: Track) -> int:
    return heard.decoded[-1] + heard.lasts[-1] if heard.decoded else 0


def _heard_at(heard: Track, time: Fraction) -> int:
    """The packet that is heard at a time, in ticks. Where the sound has ended packets of silence are counted on."""
    if (over := time - _ended(heard)) >= 0:
        return len(heard.decoded) + int(over / SAMPLES)
    return max(0, bisect_right(heard.decoded, time) - 1)


def _read(path: Path, one: Track, first: int, stop: int) -> list[bytes]:
    places, sizes = one.places[first:stop], one.sizes[first:stop]
    if sum(sizes) > LARGEST:
        raise StepFailed(f"a segment has more than {LARGEST >> 30} GiB", code="refused")
    with path.open("rb") as file:
        found = []
        for place, size in zip(places, sizes, strict=True):
            file.seek(place)
            found.append(file.read(size))
    if sum(map(len, found)) != sum(sizes):
        raise StepFailed("a part can't be read: it is cut off", code="refused")
    return found


def _box(name: bytes, *inside: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, inside)), name) + b"".join(inside)


def _full(name: bytes, version: int, flags: int, *inside: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *inside)


def _traf(number: int, part: _Packets, place: int) -> bytes:
    """One track of a fragment; its data begin ``place`` bytes after the start of the fragment."""
    head = _full(b"tfhd", 0, 0x020000, struct.pack(">I", number))
    time = _full(b"tfdt", 1, 0, struct.pack(">Q", part.time))
    rows = (
        struct.pack(">IIIi", each[0], len(data), *each[1:]) for each, data in zip(part.each, part.data, strict=True)
    )
    run = _full(b"trun", 1, 0x000F01, struct.pack(">Ii", len(part.data), place), *rows)
    return _box(b"traf", head, time, run)


def _trak(number: int, one: Track, scale: int) -> bytes:
    picture = one.kind == PICTURE
    head = struct.pack(">5I8xhhHH", 0, 0, number, 0, 0, 0, 0, 0 if picture else 0x0100, 0)
    head += _MATRIX + struct.pack(">II", one.width, one.height)
    media = _full(b"vmhd", 0, 1, bytes(8)) if picture else _full(b"smhd", 0, 0, bytes(4))
    where = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    entry = _coded(one.entry) if picture else _mp4a(one)
    empty = [_full(name, 0, 0, bytes(4)) for name in (b"stts", b"stsc", b"stco")]
    table = _box(b"stbl", _full(b"stsd", 0, 0, struct.pack(">I", 1), entry), *empty, _full(b"stsz", 0, 0, bytes(8)))
    clock = _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, scale, 0, 0x55C4, 0))
    handler = _full(b"hdlr", 0, 0, bytes(4), one.kind, bytes(13))
    return _box(b"trak", _full(b"tkhd", 0, 3, head), _box(b"mdia", clock, handler, _box(b"minf", media, where, table)))


def _coded(entry: bytes) -> bytes:
    """The sample entry of a picture without its bit rate, which is that of one segment."""
    if len(entry) < PICTURE_ENTRY:
        raise StepFailed("a part can't be read: its picture is not described", code="refused")
    inside = memoryview(entry)[PICTURE_ENTRY:]
    rest = [_box(name, bytes(data)) for name, data in boxes(inside) if name != b"btrt"]
    return _box(entry[4:8], entry[8:PICTURE_ENTRY], *rest)


def _mp4a(one: Track) -> bytes:
    """The sample entry of AAC (ISO/IEC 14496-14); QuickTime writes it otherwise."""
    (channels,) = struct.unpack_from(">H", one.entry, 24)
    rate = one.scale << 16 if one.scale < 1 << 16 else 0
    return _box(b"mp4a", struct.pack(">6xH8xHHHHI", 1, channels, 16, 0, 0, rate), _esds(one.entry))


def _esds(entry: bytes) -> bytes:
    place = entry.find(b"esds") - 4
    if place < 0:
        raise StepFailed("a part can't be read: its sound is no AAC", code="refused")
    (size,) = struct.unpack_from(">I", entry, place)
    return entry[place : place + size]


def _picture_codec(entry: bytes) -> str:
    """ISO/IEC 14496-15, annex E."""
    name = entry[4:8].decode("ascii", "replace")
    if (place := entry.find(b"avcC") + 4) >= 4:
        return f"{name}.{entry[place + 1 : place + 4].hex()}"
    place = entry.find(b"hvcC") + 4
    if place < 4 or len(entry) < place + 13:
        raise StepFailed("a part can't be read: its picture is neither H.264 nor H.265", code="refused")
    first, compatible = entry[place + 1], int.from_bytes(entry[place + 2 : place + 6])
    turned = int(f"{compatible:032b}"[::-1], 2)
    bounds = entry[place + 6 : place + 12].rstrip(b"\0")
    space, tier = ("", "A", "B", "C")[first >> 6], "H" if first & 0x20 else "L"
    words = [name, f"{space}{first & 31}", f"{turned:x}", f"{tier}{entry[place + 12]}", *(f"{one:x}" for one in bounds)]
    return ".".join(words)


def _sound_codec(entry: bytes) -> str:
    """ISO/IEC 14496-3, 1.6.2.1: the kind of object comes first."""
    bits = _described(entry)
    kind = bits >> 11
    return f"mp4a.40.{kind if kind != 31 else 32 + (bits >> 5 & 63)}"


def _described(entry: bytes) -> int:
    """The first 16 bits of what describes AAC, in a description within a description (ISO/IEC 14496-1, 7.2.6)."""
    esds = _esds(entry)
    place = _inside(esds, 12)
    place = _inside(esds, place + 3)
    place = _inside(esds, place + 13)
    return int(struct.unpack_from(">H", esds, place)[0])


def _inside(data: bytes, place: int) -> int:
    """Where what is in a description begins: after its kind, and its length of up to four bytes."""
    place += 1
    while data[place] & 0x80:
        place += 1
    return place + 1
