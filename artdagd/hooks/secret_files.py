"""Keys and tokens in files of their own, which nobody but their owner reads."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

LIMIT = 16_384
"""Bytes that are read of a secret."""


def kept_secret(file: Path, make: Callable[[], bytes]) -> bytes:
    """What ``file`` holds, at most ``LIMIT`` bytes; if it is not there, what ``make`` gives is kept in it first.

    The file has mode 0600, and is written whole or not at all; two that make it at once agree on one. Raises OSError.
    """
    with suppress(FileNotFoundError):
        return _read(file)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(make())
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _read(file)


def _read(file: Path) -> bytes:
    with file.open("rb") as reading:
        if os.fstat(reading.fileno()).st_mode & 0o077:
            log.warning("%s could be read by others; its mode is 0600 now", file)
            os.fchmod(reading.fileno(), 0o600)
        return reading.read(LIMIT)
