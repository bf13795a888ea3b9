"""Servers that tests start: where ``make servers`` left them, and how they are stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.needs import missing


def built(name: str) -> str:
    """The program that ``make servers`` builds, or one of that name on the PATH; without either the test is skipped."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "artdagd" / "servers"
    program = shutil.which(name, path=os.pathsep.join((str(cache), os.environ.get("PATH", ""))))
    if program is None:
        missing(name, "make servers builds it, with Go")
    return program


def stop(running: subprocess.Popen[Any]) -> None:
    """SIGTERM, then SIGKILL after 20 s."""
    running.terminate()
    try:
        running.wait(20)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
