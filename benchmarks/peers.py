"""Which peers are here, and how to get the others."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

GROUP = "make bench installs it (or: pip install --group bench)"
PACKAGES = {"ffmpeg": "ffmpeg", "redis-server": "redis-server", "wrk": "wrk"}
"""Program -> the Debian package that has it."""


def lacking(*names: str) -> str:
    """Empty if all of ``names`` are here (Python modules, or programs of PACKAGES), else what to do about it."""
    for name in names:
        if name in PACKAGES and shutil.which(name) is None:
            return f"{name} is not installed: apt install {PACKAGES[name]}"
        if name not in PACKAGES and find_spec(name) is None:
            return f"{name} is not installed: {GROUP}"
    return ""
