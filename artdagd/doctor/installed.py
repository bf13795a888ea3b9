"""Checks of what is installed: versions, the media libraries, plugins."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from artdagd import __version__
from artdagd.doctor.doubt import Doubt
from artdagd.errors import ConfigError
from artdagd.hooks.manager import Plugins
from artdagd.settings import Settings

SHOWN = ("av", "numpy", "quart", "hypercorn", "pyzmq", "sqlalchemy", "librosa")

MENDED = {(7, 1): 5, (8, 0): 3, (8, 1): 2}
"""FFmpeg release -> its first version without CVE-2026-8461 (a write beyond the heap by a MagicYUV file)."""

ASK = "import av; print(av.__version__, av.ffmpeg_version_info)"
ASK_SECONDS = 30


def versions(settings: Settings) -> str:
    if sys.version_info < (3, 11):  # noqa: UP036
        raise ConfigError(f"this is Python {platform.python_version()}", advice="artdagd needs Python 3.11 or later.")
    found = (f"{name} {_version(name)}" for name in SHOWN if _version(name))
    return f"artdagd {__version__}, Python {platform.python_version()}, Linux {platform.release()}; {', '.join(found)}"


def media(settings: Settings) -> str:
    """Asked in a process of its own: this one never loads a media library."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK], capture_output=True, text=True, check=False, timeout=ASK_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"PyAV can't be asked for its version: {error}", advice="pip install 'av>=18.1'") from None
    words = done.stdout.split()
    if done.returncode or len(words) != 2:
        why = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise ConfigError(f"PyAV can't be loaded, and workers with it: {why}", advice="pip install 'av>=18.1'")
    judge(words[1])
    return f"PyAV {words[0]} with FFmpeg {words[1]}"


def judge(ffmpeg: str) -> None:
    """Raises ConfigError for an FFmpeg that a file can take over (CVE-2026-8461), Doubt for one that nobody knows."""
    numbers = ffmpeg.lstrip("n").partition("-")[0].split(".")
    if len(numbers) < 2 or not all(number.isdigit() for number in numbers):
        raise Doubt(f"FFmpeg calls itself {ffmpeg!r}", advice="Make sure that it has the fix of CVE-2026-8461.")
    release, patch = (int(numbers[0]), int(numbers[1])), int(numbers[2]) if len(numbers) > 2 else 0
    first = MENDED.get(release)
    if release > max(MENDED) or (first is not None and patch >= first):
        return
    raise ConfigError(
        f"FFmpeg {ffmpeg} has CVE-2026-8461: a file can take a worker over",
        advice="pip install --upgrade 'av>=18.1', which brings FFmpeg 8.1.2.",
    )


def plugins(settings: Settings) -> str:
    found = Plugins.load()
    report = found.report()
    if broken := [one for one in report if one.error]:
        raise ConfigError(
            "; ".join(f"{one.name} ({one.distribution} {one.version}): {one.error}" for one in broken),
            advice="Install a version of it that fits this artdagd, or uninstall it.",
        )
    for provider in settings.storage:
        if provider.type not in found.storage_types:
            raise ConfigError(
                f"storage {provider.name}: no plugin offers type {provider.type!r}",
                advice=f"Install one; these are there: {', '.join(found.storage_types) or 'none'}.",
            )
    if not report:
        raise Doubt("none is installed: there are no effects", advice="pip install ./plugins/effects")
    return ", ".join(f"{one.name} {one.version}" for one in report)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
