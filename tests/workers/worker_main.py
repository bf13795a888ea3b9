"""A worker process as `artdagd worker` makes it, with the hostile plugin and no other."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import hostile

from artdagd.hooks.manager import Plugins
from artdagd.workers import tasks
from artdagd.workers.worker import run_worker

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--connect")
    parser.add_argument("--name")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--probe-seconds", type=int, default=tasks.PROBE_SECONDS)
    parser.add_argument("--sandbox", default="off")
    parser.add_argument("--reads", type=Path, action="append", default=[])
    parser.add_argument("--writes", type=Path, action="append", default=[])
    given = parser.parse_args()
    tasks.PROBE_SECONDS = given.probe_seconds
    plugins = Plugins.of(hostile)
    sys.exit(
        run_worker(
            given.connect, name=given.name, home=given.home, child=given.child, plugins=plugins,
            sandbox=given.sandbox, reads=given.reads, writes=given.writes,
        )
    )  # fmt: skip
