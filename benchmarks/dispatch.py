"""Dispatch: no-op steps a second, each with a durable result, and the latency of one after the other.

Ours is measured in ``parts/noop_artdagd.py``, which says what a step is. Celery's results are in Redis' memory and
Dask's in its workers': neither would survive a power cut, ours do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.peers import lacking
from benchmarks.processes import Answerer, free_port, listens, python, running
from benchmarks.report import Line, at_least, at_most
from benchmarks.rounds import Bench, in_turn

PLUGIN = '''"""An analyzer that does nothing, installed as a stranger's plugin is."""

import os

from artdagd.hooks import Analyzer, hookimpl


@hookimpl
def artdag_analyzers():
    return [ANALYZER]


def analyze(request):
    return {"nothing": 0, "other": os.urandom(8).hex()}


FEATURES = {"nothing": "always 0", "other": "another text each time (a benchmark may: an analyzer must be pure)"}
ANALYZER = Analyzer(name="nothing", version="1", description="Nothing", features=FEATURES, analyze=analyze, light=True)
'''
METADATA = "Metadata-Version: 2.1\nName: bench-nothing\nVersion: 1\n"
ENTRY = "[artdagd]\nnothing = bench_nothing\n"

Ask = Callable[[str], float]


def measure(bench: Bench) -> list[Line]:
    """Two worker processes each; all systems are up during the whole run, and asked in turn."""
    starters = {"us": _artdagd, "celery": _celery, "dask": _dask}
    missing = {"celery": lacking("celery", "redis", "redis-server"), "dask": lacking("distributed")}
    with ExitStack() as stack:
        ask: dict[str, Ask] = {
            name: start(bench.folder, stack) for name, start in starters.items() if not missing.get(name)
        }
        steps, links = bench.size(2000, 100), bench.size(200, 20)
        in_turn(1, {name: partial(one, "steps 50") for name, one in ask.items()})
        rates = in_turn(bench.rounds, {name: partial(_rate, one, steps) for name, one in ask.items()})
        others = in_turn(bench.rounds, {"us": partial(_rate, ask["us"], steps, "others")})
        chains = in_turn(bench.rounds, {name: partial(_latency, one, links) for name, one in ask.items()})
    beside = {"celery": "Celery + Redis, 2 processes", "dask": "Dask distributed, 2 processes"}
    lines = []
    for name, title in beside.items():
        ours = not lines  # the aim is ours alone: it stands once
        lines += [
            Line(
                what=f"{steps} no-op steps at once, durable",
                unit="steps/s",
                us=rates["us"],
                peer_name=title,
                peer=rates.get(name, ()),
                missing=missing[name],
                aims=(at_least(10_000, "us"),) if ours else (),
            ),
            Line(
                what=f"one no-op step in a chain of {links}",
                unit="ms",
                us=chains["us"],
                peer_name=title,
                peer=chains.get(name, ()),
                missing=missing[name],
                aims=(at_most(1, "us"),) if ours else (),
            ),
        ]
    lines.append(Line(what=f"{steps} steps at once, each result another blob", unit="steps/s", us=others["us"]))
    return lines


def _rate(ask: Ask, number: int, kind: str = "steps") -> float:
    return number / ask(f"{kind} {number}")


def _latency(ask: Ask, number: int) -> float:
    return ask(f"chain {number}") / number * 1000


def _artdagd(folder: Path, stack: ExitStack) -> Ask:
    site, home = folder / "site", folder / "home"
    about = site / "bench_nothing-1.dist-info"
    about.mkdir(parents=True)
    home.mkdir()
    (site / "bench_nothing.py").write_text(PLUGIN)
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY)
    environment = {"PYTHONPATH": str(site)}
    return stack.enter_context(Answerer(python("noop_artdagd", home), folder / "artdagd.log", environment)).ask


def _celery(folder: Path, stack: ExitStack) -> Ask:
    port = free_port()
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    stack.enter_context(running(redis, folder / "redis.log", lambda: listens(port)))
    environment = {"REDIS_PORT": str(port)}
    module = "benchmarks.parts.noop_celery"
    ready = folder / "celery.log"
    worker = [sys.executable, "-m", "celery", "-A", module, "worker", "-c", "2", "--loglevel", "INFO"]
    stack.enter_context(running(worker, ready, lambda: " ready." in ready.read_text(errors="replace"), environment))
    return stack.enter_context(Answerer(python("noop_celery"), folder / "client.log", environment)).ask


def _dask(folder: Path, stack: ExitStack) -> Ask:
    return stack.enter_context(
        Answerer(python("noop_dask"), folder / "dask.log", {"DASK_TEMPORARY_DIRECTORY": str(folder)})
    ).ask
