"""Whether workers can restrict themselves to what they need."""

from __future__ import annotations

from artdagd.doctor.doubt import Doubt
from artdagd.errors import ConfigError
from artdagd.settings import Settings
from artdagd.workers import landlock


def worker_sandbox(settings: Settings) -> str:
    if settings.worker_count == 0:
        return "the node starts no workers; those that join say how they are restricted"
    if settings.worker_sandbox == "off":
        raise Doubt(
            "worker_sandbox is off: a hole in a media library is a hole in this account",
            advice="say worker_sandbox: auto, unless an effect needs files from elsewhere",
        )
    version = landlock.abi()
    if version:
        return f"Landlock {version}" + ("" if version >= 4 else ", which leaves workers the network")
    advice = "use Linux 5.13 or later with Landlock (lsm=landlock,... at boot), or run workers as units"
    if settings.worker_sandbox == "require":
        raise ConfigError("worker_sandbox is 'require', and the kernel has no Landlock", advice=advice)
    raise Doubt("the kernel has no Landlock: a hole in a media library is a hole in this account", advice=advice)
