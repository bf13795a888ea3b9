"""An idle node: resident memory of the daemon, and how long from start to healthy; beside bare HTTP servers.

The home exists already: a first start also makes the database. The workers are counted on a line of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.node import node
from benchmarks.peers import lacking
from benchmarks.processes import answers, free_port, python, resident, running, wait_for
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, in_turn

WORKERS = 2
BESIDE = {"bare_quart": "Quart on Hypercorn, bare", "bare_fastapi": "FastAPI on uvicorn, bare"}


def measure(bench: Bench) -> list[Line]:
    """Every round starts each of them anew, two workers with the daemon."""
    missing = {"bare_fastapi": lacking("fastapi", "uvicorn")}
    home = bench.folder / "home"
    with node(home):
        pass
    workers: list[float] = []
    memory: dict[str, list[float]] = {}

    def start(name: str, started: AbstractContextManager[tuple[int, float]]) -> float:
        with started as (pid, took):
            own = resident(pid) if name != "us" else _own(pid)
            memory.setdefault(name, []).append(own)
            if name == "us":
                workers.append(resident(pid) - own)
        return took

    runners = {"us": lambda: start("us", _daemon(home))}
    for name in BESIDE:
        if not missing.get(name):
            runners[name] = partial(lambda name: start(name, _bare(name, bench.folder)), name)
    took = in_turn(bench.rounds, runners)
    lines = []
    for name, title in BESIDE.items():
        ours = not lines
        common = {"peer_name": title, "missing": missing.get(name, "")}
        lines += [
            Line(
                what="daemon process, idle, resident",
                unit="MB",
                us=tuple(memory["us"]),
                peer=tuple(memory.get(name, ())),
                aims=(at_most(70, "us"),) if ours else (),
                **common,
            ),
            Line(
                what="start to healthy",
                unit="s",
                us=took["us"],
                peer=took.get(name, ()),
                aims=(at_most(1, "us"),) if ours else (),
                **common,
            ),
        ]
    return [*lines, Line(what="its two worker processes, before any work", unit="MB", us=tuple(workers))]


@contextmanager
def _daemon(home: Path) -> Iterator[tuple[int, float]]:
    started = time.perf_counter()
    with node(home, WORKERS) as ours:
        took = time.perf_counter() - started
        wait_for(lambda: len(ours.http.get("/workers").json()["items"]) == WORKERS, ours.process, home / "node.log")
        yield ours.process.pid, took


@contextmanager
def _bare(part: str, folder: Path) -> Iterator[tuple[int, float]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/run"
    started = time.perf_counter()
    with running(python(part, port), folder / f"{part}.log", lambda: answers(url)) as process:
        yield process.pid, time.perf_counter() - started


def _own(pid: int) -> float:
    """Resident memory of the daemon alone, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmRSS"))
