"""What a worker process leaves itself before it opens anybody's media: Python, blobs to read, folders of its own."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from artdagd.errors import ConfigError
from artdagd.workers import landlock

log = logging.getLogger(__name__)

Wanted = Literal["auto", "require", "off"]

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"),
    *("/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
"""What of the system a worker reads: libraries, fonts, the number of its processors."""

NETWORK = ("/etc/ssl", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/run/systemd/resolve")
"""What one reads besides who calls a node elsewhere."""

DEVICES = ("/dev/null",)

ENTERED = "ARTDAGD_SANDBOX"
"""Set to the process's number once it is restricted: a process that executes itself anew is so already."""

_held: list[int] = []


class Folders(msgspec.Struct, frozen=True):
    """What a worker needs besides Python and the system: ``reads`` and ``writes`` with all that is beneath them."""

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()


def enter(wanted: Wanted, folders: Folders, *, offline: bool) -> str:
    """Restrict this process, before it has threads, and say in a word how: ``landlock 7``, ``off`` or ``none``.

    ``offline``: no TCP either. Temporary files go into the first of ``folders.writes``. Raises ConfigError where it is
    required and can't be.
    """
    if wanted == "off":
        return "off"
    if os.environ.get(ENTERED) == str(os.getpid()):
        return f"landlock {landlock.abi()}"
    try:
        _temporary(folders)
        # Held open: rules hold on to what proc(5) would make anew, and then forbid it.
        _held.append(os.open("/proc/self", os.O_PATH | os.O_CLOEXEC))
        system = SYSTEM if offline else SYSTEM + NETWORK
        reads = {*map(Path, system), Path("/proc/self"), *python(), *folders.reads}
        version = landlock.restrict(reads, (*folders.writes, *map(Path, DEVICES)), offline=offline)
        why = "the kernel has no Landlock"
    except OSError as error:
        version, why = 0, str(error)
    if not version:
        if wanted == "require":
            raise ConfigError(
                f"worker_sandbox is 'require', and {why}",
                advice="Use Linux 5.13 or later with Landlock (lsm=landlock,… at boot), or say worker_sandbox: auto.",
            )
        log.info("not restricted: %s", why)
        return "none"
    os.environ[ENTERED] = str(os.getpid())
    return f"landlock {version}"


def python() -> Iterator[Path]:
    """Where this interpreter's code is, and that of what it has imported: also of installs that are editable.

    The folder in which the process was started is none of them, though Python looks there, too: it may be anything.
    """
    yield from {Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    yield Path(sys.executable).resolve().parent
    here = os.getcwd()
    yield from (Path(place) for place in sys.path if place and place != here)
    for module in list(sys.modules.values()):
        try:
            packages = [str(place) for place in getattr(module, "__path__", ())]
            file = getattr(module, "__file__", None)
        except Exception:  # noqa: S112 - a module may be an object of anybody's
            continue
        yield from map(Path, packages)
        if file and not packages:
            yield Path(file)


def _temporary(folders: Folders) -> None:
    if folders.writes:
        place = folders.writes[0] / f"tmp-{os.getpid()}"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ["TMPDIR"] = str(place)
        tempfile.tempdir = None
