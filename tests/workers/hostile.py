"""A plugin whose features do to their worker what a name says. They talk to the test through files in ``state``."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
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


def tried(work: Callable[[], object]) -> str:
    try:
        work()
    except OSError as error:
        return type(error).__name__
    return "done"


def escape(request: AnalysisRequest) -> dict[str, str]:
    """Try what no analyzer needs, and what each does: name -> the error, or ``done``."""
    home, port = request.state, int(os.environ["PROBE_PORT"])
    while not (home / "blobs").is_dir():
        home = home.parent
    secret = home.parent / "secret"

    def ask() -> None:
        if os.system(f"cat {secret} >/dev/null 2>&1"):
            raise PermissionError

    return {
        "read a file": tried(secret.read_text),
        "read the database": tried((home / "database").read_text),
        "list the home": tried(lambda: os.listdir(home)),
        "read the parent's environment": tried(Path(f"/proc/{os.getppid()}/environ").read_bytes),
        "read passwords": tried(Path("/etc/passwd").read_text),
        "write beside": tried(lambda: (home.parent / "written").write_text("x")),
        "write among blobs": tried(lambda: (home / "blobs" / "x").write_text("x")),
        "link among blobs": tried(lambda: (home / "blobs" / "y").symlink_to(secret)),
        "ask a program": tried(ask),
        "delete": tried(secret.unlink),
        "connect": tried(lambda: socket.create_connection(("127.0.0.1", port), 5).close()),
        "listen": tried(lambda: socket.create_server(("127.0.0.1", 0)).close()),
        "signal the parent": tried(lambda: os.kill(os.getppid(), 0)),
        "read a blob": tried((home / "blobs" / "b").read_text),
        "write state": tried(lambda: (request.state / "probe").write_text("x")),
        "write scratch": tried(lambda: (home / "scratch" / "probe").write_text("x")),
        "make a temporary file": tried(lambda: tempfile.TemporaryFile().close()),
        "read itself": tried(Path("/proc/self/status").read_text),
        "throw away": tried(lambda: Path("/dev/null").write_text("x")),
    }


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
    "escape": escape,
    "environment": lambda request: dict(os.environ),
}


@hookimpl
def artdag_analyzers() -> list[Analyzer]:
    features = dict.fromkeys(FEATURES, "for tests")
    return [Analyzer(name="hostile", version="1", description="", features=features, analyze=analyze)]
