"""Sound as an array, for analyzers."""

from __future__ import annotations

from pathlib import Path

import numpy

from artdagd.render.sound import decode


def mono(path: Path, rate: int) -> numpy.ndarray:
    """The whole sound track of ``path`` mixed to mono: float32 of shape (samples,), in -1..1, at ``rate`` Hz.

    Element 0 is the track's first sample. Raises StepFailed (``bad_media``) if there is no readable sound.
    """
    parts = [frame.to_ndarray()[0] for frame in decode(path, rate, "mono")]
    whole = numpy.concatenate(parts) if parts else numpy.zeros(0, numpy.float32)
    return numpy.clip(whole, -1.0, 1.0, out=whole)
