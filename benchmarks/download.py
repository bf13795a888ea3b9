"""Download of a blob that is in the page cache, one reader at a time."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial

from benchmarks import wire
from benchmarks.node import node
from benchmarks.peers import lacking
from benchmarks.report import Line, at_least
from benchmarks.rounds import Bench, in_turn
from benchmarks.servers import bare

MB = 1e6
AIM = 400.0


def measure(bench: Bench) -> list[Line]:
    """``GET /cache/{cid}/raw`` with its token, beside the file responses of two frameworks."""
    file = bench.folder / "blob"
    file.write_bytes(os.urandom(bench.size(256 << 20, 8 << 20)))
    missing = lacking("uvicorn", "starlette")
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home", workers=0))
        token = {"Authorization": f"Bearer {ours.token}"}
        runners = {"us": partial(_rate, ours.port, f"/cache/{ours.upload(file)}/raw", token)}
        quart = stack.enter_context(bare("bare_quart", bench.folder, file))
        runners["quart"] = partial(_rate, quart, "/file", {})
        if not missing:
            starlette = stack.enter_context(bare("bare_starlette", bench.folder, file))
            runners["starlette"] = partial(_rate, starlette, "/file", {})
        found = in_turn(bench.rounds, runners)
    what = f"download of {file.stat().st_size >> 20} MiB"
    beside = {"starlette": "Starlette FileResponse on uvicorn", "quart": "Quart send_file on Hypercorn"}
    return [
        Line(
            what=what,
            unit="MB/s",
            us=found["us"],
            peer_name=title,
            peer=found.get(name, ()),
            missing=missing if name == "starlette" else "",
            aims=(at_least(AIM, "us"),) if name == "starlette" else (),
        )
        for name, title in beside.items()
    ]


def _rate(port: int, path: str, headers: dict[str, str]) -> float:
    took, size = wire.download(port, path, headers)
    return size / MB / took
