"""``GET /api/run/{id}`` of a finished run: requests a second, with wrk."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from functools import partial

from benchmarks.media import short_clip
from benchmarks.node import node
from benchmarks.peers import lacking
from benchmarks.processes import Broken
from benchmarks.report import Line, at_least
from benchmarks.rounds import Bench, in_turn
from benchmarks.servers import bare

CONNECTIONS = 16


def measure(bench: Bench) -> list[Line]:
    """One run of one effect. The daemon reads the token, the run and its steps anew for every request."""
    for tool in ("wrk", "ffmpeg"):
        if missing := lacking(tool):
            raise Broken(missing)
    duration = bench.size(4, 1)
    with ExitStack() as stack:
        ours = stack.enter_context(node(bench.folder / "home", workers=1))
        clip = ours.upload(short_clip(bench.folder / "clip.mp4"))
        run = ours.run("/runs", {"effect": "identity", "inputs": [clip]})
        port = stack.enter_context(bare("bare_quart", bench.folder, bench.folder / "clip.mp4"))
        found = in_turn(
            bench.rounds,
            {
                "us": partial(_rate, f"{ours.url}/api/run/{run['run_id']}", duration, ours.token),
                "peer": partial(_rate, f"http://127.0.0.1:{port}/run", duration, ""),
            },
        )
    line = Line(
        what=f"GET /api/run/{{id}}, {CONNECTIONS} connections",
        unit="requests/s",
        us=found["us"],
        peer_name="Quart on Hypercorn, a constant answer",
        peer=found["peer"],
        aims=(at_least(0.6),),
    )
    return [line]


def _rate(url: str, duration: int, token: str) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration}s", "-H", f"Authorization: Bearer {token}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=duration + 30, check=False)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout:
        raise Broken(f"wrk {url}: {done.stdout[-500:]} {done.stderr[-500:]}")
    return float(rate[1])
