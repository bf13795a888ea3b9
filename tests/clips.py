"""Test media made on the spot: pictures that say which frame they are, clicks at known times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy

BITS = 12
BAR = 16


def numbered_clip(path: Path, frames: int, *, fps: int = 25, width: int = BITS * BAR, height: int = 64) -> Path:
    """A video whose frame n shows n as black and white bars, most significant bit first; survives lossy coding."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "16", "preset": "ultrafast", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            bars = [255 * (number >> (BITS - 1 - bit) & 1) for bit in range(BITS)]
            row = numpy.repeat(numpy.array(bars, numpy.uint8), width // BITS)
            picture = numpy.repeat(numpy.tile(row, (height, 1))[:, :, None], 3, axis=2)
            frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read_numbers(path: Path) -> list[tuple[float, int]]:
    """(time in seconds, number shown) of every frame of a video made of numbered pictures."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = None
        for frame in container.decode(stream):
            grey = frame.to_ndarray(format="gray")
            columns = grey.shape[1] // BITS
            bits = [int(grey[:, bit * columns : (bit + 1) * columns].mean() > 127) for bit in range(BITS)]
            start = frame.time if start is None else start
            found.append((frame.time - start, int("".join(map(str, bits)), 2)))
    return found


def click_track(path: Path, times: list[float], duration: float, *, rate: int = 44100) -> Path:
    """A mono FLAC with a short decaying click at each time (seconds)."""
    samples = numpy.zeros(round(duration * rate), numpy.float32)
    click = numpy.sin(numpy.arange(2000) * 0.3) * numpy.exp(-numpy.arange(2000) / 300) * 0.8
    for time in times:
        at = round(time * rate)
        length = min(len(click), len(samples) - at)
        samples[at : at + length] += click[:length].astype(numpy.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(numpy.int16)[None], "s16", "mono")
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def excerpt(source: Path, path: Path, *, seconds: float = float("inf"), title: str = "") -> Path:
    """The start of a song in its own coding, packet by packet; ``title`` becomes a tag."""
    with av.open(str(source)) as song, av.open(str(path), "w") as target:
        target.metadata["title"] = title
        stream = target.add_stream_from_template(song.streams.audio[0])
        for packet in song.demux(song.streams.audio[0]):
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = stream
                target.mux(packet)
    return path
