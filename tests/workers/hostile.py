"""A plugin whose features do to their worker what a name says. They talk to the test through files in ``state``."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from typing import Any

from artdagd.hooks import AnalysisRequest, Analyzer, hookimpl


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    return {name: FEATURES[name](request) for name in request.features}


def mark(request: AnalysisRequest, name: str) -> None:
    """Leave a file ``NAME.PID``: the step has begun in this process."""
    (request.state / f"{name}.{os.getpid()}").touch()


def die(request: AnalysisRequest) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(request: AnalysisRequest) -> None:
    os._exit(0)


def quit_(request: AnalysisRequest) -> None:
    sys.exit(3)


def obey(request: AnalysisRequest) -> int:
    """Wait for the file ``go``, and say so all the time."""
    mark(request, "obey")
    while not (request.state / "go").exists():
        request.progress(0.5)
        time.sleep(0.005)
    return os.getpid()


def stubborn(request: AnalysisRequest) -> int:
    """Wait for the file ``go`` and hear nothing."""
    mark(request, "stubborn")
    while not (request.state / "go").exists():
        time.sleep(0.005)
    return os.getpid()


def hog(request: AnalysisRequest) -> int:
    """The first time: sit in C, and keep the interpreter's lock."""
    if not list(request.state.glob("hog.*")):
        mark(request, "hog")
        ctypes.PyDLL(None).sleep(1000)
    return os.getpid()


def breed(request: AnalysisRequest) -> None:
    """Start a process, write its number to the file ``child`` and die."""
    child = os.fork()
    if not child:
        time.sleep(1000)
    (request.state / "child").write_text(str(child))
    os.kill(os.getpid(), signal.SIGKILL)


FEATURES = {
    "nothing": lambda request: 0,
    "pid": lambda request: os.getpid(),
    "die": die,
    "leave": leave,
    "quit": quit_,
    "obey": obey,
    "stubborn": stubborn,
    "hog": hog,
    "breed": breed,
    "large": lambda request: list(range(300_000)),
    "keys": lambda request: {1: 2},
    "environment": lambda request: dict(os.environ),
}


@hookimpl
def artdag_analyzers() -> list[Analyzer]:
    features = dict.fromkeys(FEATURES, "for tests")
    return [Analyzer(name="hostile", version="1", description="", features=features, analyze=analyze)]
