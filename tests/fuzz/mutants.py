"""Mutants of files: what a broken disk, a cut download and a hostile stranger make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def mutant(seeds: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """The name of the file it was made from, and its bytes: the same for the same arguments, on every machine."""
    random = Random(f"{seed}/{number}")
    name = random.choice(sorted(seeds))
    data = bytearray(seeds[name])
    others = [seeds[other] for other in sorted(seeds)]
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        if data:
            random.choice(CHANGES)(data, random, others)
    return name, bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """Headers are where the numbers stand: half of all changes are near the beginning or the end."""
    end = len(data)
    near = min(end, 600)
    return random.choice(
        (random.randrange(end), random.randrange(end), random.randrange(near), end - 1 - random.randrange(near))
    )


def _bytes(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    for _ in range(random.randint(1, 20)):
        data[_place(data, random)] = random.randrange(256)


def _bit(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    data[_place(data, random)] ^= 1 << random.randrange(8)


def _number(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    width, order = random.choice((1, 2, 4, 8)), random.choice(("big", "little"))
    value = random.choice(EXTREMES) % (1 << 8 * width)
    place = _place(data, random)
    data[place : place + width] = value.to_bytes(width, order)[: len(data) - place]  # type: ignore[arg-type]


def _cut(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    del data[_place(data, random) :]


def _drop(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    place = _place(data, random)
    del data[place : place + random.choice((1, 4, 64, 1024))]


def _again(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    place = _place(data, random)
    part = data[place : place + random.choice((4, 64, 1024, 8192))]
    data[place:place] = part * random.choice((1, 2, 50))


def _fill(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    place = _place(data, random)
    length = min(random.choice((4, 16, 256)), len(data) - place)
    data[place : place + length] = bytes([random.choice((0, 255))]) * length


def _graft(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    other = random.choice(others)
    place, start = _place(data, random), random.randrange(len(other))
    part = other[start : start + random.choice((16, 512, 4096))]
    data[place : place + random.choice((0, len(part)))] = part


CHANGES: tuple[Change, ...] = (_bytes, _bytes, _bit, _number, _number, _number, _cut, _drop, _again, _fill, _graft)
