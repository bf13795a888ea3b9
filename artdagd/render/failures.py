"""What FFmpeg raises, as the errors of this house."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from artdagd.errors import StepFailed

NOT_MEDIA = "use a video, sound or picture file of a common format (MP4, MOV, WebM, Matroska, MP3, WAV, FLAC, PNG …)"


def reason(error: BaseException) -> str:
    """What went wrong in ffmpeg's words, without the path that av adds to them."""
    if isinstance(error, MemoryError):
        return "it asks for more memory than a worker has"
    text = getattr(error, "strerror", None)
    return str(text) if text else type(error).__name__


@contextmanager
def reporting(what: str) -> Iterator[None]:
    """Turn whatever av raises (it has many kinds) into StepFailed: ``what`` says what was being done."""
    try:
        yield
    except StepFailed:
        raise
    except Exception as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise StepFailed(f"{what}: no space left on the disk", code="disk_full", retryable=True) from error
        raise StepFailed(f"{what}: {reason(error)}", code="bad_media", advice=NOT_MEDIA) from error
