"""Checks of the machine: folders, permissions, disk, clock."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import time
from pathlib import Path

from artdagd.doctor.doubt import Doubt
from artdagd.errors import ConfigError
from artdagd.settings import Settings
from artdagd.store import beneath
from artdagd.store.importing import Imports

LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path (sockaddr_un of Linux)."""

EARLIEST = 1_767_225_600
"""2026-01-01: a clock before it was never set."""


def home(settings: Settings) -> str:
    folder = settings.home
    try:
        found = folder.stat()
    except FileNotFoundError:
        return f"{folder} will be made at the first start"
    except OSError as error:
        raise ConfigError(f"can't use {folder} as ARTDAG_HOME: {error.strerror}", advice="Check its path.") from None
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"can't use {folder} as ARTDAG_HOME: it is no folder", advice="Set ARTDAG_HOME to a folder.")
    if found.st_mode & 0o002:
        raise ConfigError(f"{folder} can be written by everyone", advice=f"chmod o-w {folder}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(
            f"can't use {folder} as ARTDAG_HOME: this user may not write to it",
            advice="Run as the user of the node, as in: sudo -u artdagd artdagctl doctor",
        )
    return f"{folder}, mode {stat.S_IMODE(found.st_mode):04o}"


def worker_socket(settings: Settings) -> str:
    path = settings.worker_socket
    if (length := len(os.fsencode(path))) > LONGEST_SOCKET:
        raise ConfigError(
            f"the path of the workers' socket, {path}, has {length} bytes; a socket's may have {LONGEST_SOCKET}",
            advice="Set ARTDAG_HOME to a folder with a shorter path.",
        )
    if path.parent.exists() and path.parent.stat().st_mode & 0o077:
        raise ConfigError(f"others can enter {path.parent}, where workers connect", advice=f"chmod 700 {path.parent}")
    return str(path)


def clock(settings: Settings) -> str:
    now = time.time()
    if now < EARLIEST:
        raise ConfigError(
            f"the clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}: tokens and certificates can't be checked",
            advice="Set the clock, as in: timedatectl set-ntp true",
        )
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))


def secrets(settings: Settings) -> str:
    """The files that nobody else may read."""
    found = [path for name in ("admin-token", "secret-key") if (path := settings.home / name).exists()]
    for path in found:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"others can read {path}", advice=f"chmod 600 {path}, then replace what is in it.")
    return f"{', '.join(path.name for path in found) or 'none yet'}: private"


def disk(settings: Settings) -> str:
    folder = _nearest(settings.cache)
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free under {settings.cache}; {settings.reserve_bytes / 1e9:.1f} GB stay free"
    if free <= settings.reserve_bytes:
        raise ConfigError(
            f"{said}: uploads and renders are refused",
            advice="Free space, move CACHE_DIR to a larger disk, or lower ARTDAG_RESERVE_BYTES.",
        )
    if free < 2 * settings.reserve_bytes:
        raise Doubt(said, advice="Plan for more space: artdagctl cache delete removes media and outputs.")
    return said


def compiled(settings: Settings) -> str:
    """Beat tracking keeps its compiled loops: without them every worker compiles for half a minute."""
    state = settings.home / "state"
    if state.exists() and not os.access(state, os.W_OK | os.X_OK):
        raise ConfigError(f"workers can't write to {state}", advice=f"Give {state} to the user of the node.")
    return f"{state} is kept between starts" if state.exists() else f"{state} will be made by the first worker"


def import_roots(settings: Settings) -> str:
    roots = settings.import_roots
    if not roots:
        return "none: nothing is imported" + ("" if beneath.works() else "; openat2 does not work here")
    asyncio.run(Imports(roots, limit=settings.max_upload_bytes, own=settings.own).check())
    if lost := [str(root) for root in roots if not os.access(root, os.R_OK | os.X_OK)]:
        raise Doubt(
            f"can't read {', '.join(lost)}",
            advice="Mount its disk. The service's sandbox hides /home: BindReadOnlyPaths= in a drop-in shows a folder.",
        )
    return ", ".join(map(str, roots))


def _nearest(folder: Path) -> Path:
    return folder if folder.exists() or folder == folder.parent else _nearest(folder.parent)
