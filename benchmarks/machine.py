"""What the figures depend on: the machine, Python, versions, the commit."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DISTRIBUTIONS = (
    "artdagd", "av", "hypercorn", "librosa", "numba", "numpy", "pyzmq", "quart", "sqlalchemy",
    "celery", "distributed", "fastapi", "moviepy", "ninja", "redis", "snakemake", "starlette", "uvicorn",
)  # fmt: skip


def facts() -> dict[str, Any]:
    """In JSON types; ``load`` is the load average over one minute as the benchmarks begin."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "commit": _commit(),
        "versions": {name: found for name in DISTRIBUTIONS if (found := _version(name))},
        "ffmpeg": _first_line(["ffmpeg", "-version"]),
        "redis": _first_line(["redis-server", "--version"]),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    """With ``+`` where the working tree differs from it."""
    here = Path(__file__).parent
    commit = _first_line(["git", "-C", str(here), "rev-parse", "--short=12", "HEAD"])
    changed = _first_line(["git", "-C", str(here), "status", "--porcelain", "--untracked-files=no"])
    return f"{commit}+" if commit and changed else commit


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0] if done.returncode == 0 else ""
