"""Upload of a new blob over HTTP, until the answer says that it is durable and what its CID is."""

from __future__ import annotations

import os
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from benchmarks import wire
from benchmarks.node import node
from benchmarks.peers import lacking
from benchmarks.report import Line, at_least
from benchmarks.rounds import Bench, in_turn
from benchmarks.servers import bare

MB = 1e6
AIM = 300.0


def measure(bench: Bench) -> list[Line]:
    """Every round sends bytes that were never sent before. The peer writes and hashes too, and syncs nothing."""
    size = bench.size(512 << 20, 16 << 20)
    source = bench.folder / "source"
    fresh = count()
    missing = lacking("uvicorn", "starlette")
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home", workers=0))

        def us() -> float:
            _write(source, size, next(fresh))
            token = {"Authorization": f"Bearer {ours.token}"}
            return size / MB / wire.upload(ours.port, "/cache/upload", token, source)

        runners = {"us": us}
        if not missing:
            port = stack.enter_context(bare("bare_starlette", bench.folder, bench.folder / "received"))

            def peer() -> float:
                _write(source, size, next(fresh))
                return size / MB / wire.upload(port, "/upload", {}, source)

            runners["peer"] = peer
        found = in_turn(bench.rounds, runners)
    line = Line(
        what=f"upload of {size >> 20} MiB, durable when answered",
        unit="MB/s",
        us=found["us"],
        peer_name="Starlette on uvicorn: body to a file, sha256, no fsync",
        peer=found.get("peer", ()),
        missing=missing,
        aims=(at_least(AIM, "us"),),
    )
    return [line]


def _write(path: Path, size: int, number: int) -> None:
    """``size`` bytes that differ for each ``number`` in every MiB."""
    piece = bytearray(os.urandom(1 << 20))
    with path.open("wb") as file:
        for _ in range(size >> 20):
            piece[:8] = number.to_bytes(8)
            file.write(piece)
