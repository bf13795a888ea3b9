"""Sound made of arrays, and read back as arrays."""

from __future__ import annotations

from pathlib import Path

import av
import numpy

from artdagd.render.reading.sound import decode


def write_sound(path: Path, samples: numpy.ndarray, rate: int = 48000, codec: str = "pcm_f32le") -> Path:
    """A file of ``samples``, of shape (channels, samples) or (samples,)."""
    planes = numpy.atleast_2d(samples).astype(numpy.float32)
    layout = "mono" if len(planes) == 1 else "stereo"
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, planes.shape[1], 4096):
            part = numpy.ascontiguousarray(planes[:, start : start + 4096])
            frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def read_sound(path: Path) -> numpy.ndarray:
    """The samples of a file's sound, of shape (channels, samples)."""
    return numpy.concatenate([frame.to_ndarray() for frame in decode(path)], axis=1)


def impulses(at: list[int], length: int, height: float = 0.5) -> numpy.ndarray:
    """Silence of ``length`` samples with one sample of ``height`` at each place."""
    samples = numpy.zeros(length, numpy.float32)
    samples[at] = height
    return samples
