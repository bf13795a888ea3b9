"""Content ids: hashing a file as UnixFS beside sha256 alone, on one thread and on as many as there are cores."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from artdagd.cid import cid_of_file
from benchmarks.report import Line, at_least
from benchmarks.rounds import Bench, in_turn, seconds

GB = 1e9


def measure(bench: Bench) -> list[Line]:
    """A file of 1 GiB in the page cache; with several threads, that many files that make up 1 GiB."""
    size = bench.size(1 << 30, 16 << 20)
    lines = []
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        files = [_file(bench.folder / f"{threads}-{n}", size // threads) for n in range(threads)]
        rates = {
            name: partial(_rate, hashing, files)
            for name, hashing in (("us", cid_of_file), ("peer", partial(_sha256, size=1 << 20)))
        }
        found = in_turn(bench.rounds, rates)
        lines.append(
            Line(
                what=f"CID of {size >> 20} MiB, {threads} thread{'s' if threads > 1 else ''}",
                unit="GB/s",
                us=found["us"],
                peer_name="hashlib.sha256 of the same files",
                peer=found["peer"],
                aims=(at_least(0.85),),
            )
        )
    return lines


def _file(path: Path, size: int) -> Path:
    piece = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(piece)
    return path


def _sha256(path: Path, size: int) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(size))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest.hexdigest()


def _rate(hashing: object, files: list[Path]) -> float:
    total = sum(path.stat().st_size for path in files)
    with ThreadPoolExecutor(len(files)) as pool:
        return total / GB / seconds(lambda: list(pool.map(hashing, files)))
