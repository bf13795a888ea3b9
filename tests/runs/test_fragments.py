"""Segments as fragments of a stream: nothing lost, nothing doubled, picture and sound together."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from clips import BAR, BITS, read_numbers

from artdagd.errors import StepFailed
from artdagd.runs import fragments
from artdagd.runs.boxes import track
from artdagd.runs.fragments import Cut

COUNTS = (50, 61, 20)


def segment(path: Path, first: int, frames: int, fps: Fraction, codec: str) -> Path:
    """A part of a picture, as a worker leaves one: its frames say which they are, and are not coded in their order."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            codec, rate=fps, options={"crf": "16", "preset": "fast", "bf": "3", "x265-params": "log-level=none"}
        )
        stream.width, stream.height = BITS * BAR, 64
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            bars = [255 * ((first + number) >> (BITS - 1 - bit) & 1) for bit in range(BITS)]
            row = numpy.repeat(numpy.array(bars, numpy.uint8), BAR)
            frame = av.VideoFrame.from_ndarray(numpy.repeat(numpy.tile(row, (64, 1))[:, :, None], 3, axis=2), "rgb24")
            frame.pts, frame.time_base = number, 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def sound(path: Path, seconds: float, layout: str = "mono") -> Path:
    """AAC whose sound grows louder, so that a part of it that is elsewhere is noticed."""
    rate = 48_000
    times = numpy.arange(round(seconds * rate)) / rate
    wave = (numpy.sin(times * 2000) * times / seconds * 20_000).astype(numpy.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout=layout)
        every = numpy.repeat(wave, {"mono": 1, "stereo": 2, "5.1": 6}[layout])[None]
        frame = av.AudioFrame.from_ndarray(every, "s16", layout)
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def heard(path: Path) -> tuple[float, numpy.ndarray]:
    """When a file's sound begins, in seconds, and its samples."""
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.audio[0]))
        return float(frames[0].time or 0), numpy.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize(
    ("codec", "ending", "fps", "words"),
    [
        ("libx264", "mp4", Fraction(25), r'video/mp4; codecs="avc1.640'),
        ("libx264", "mov", Fraction(30_000, 1001), r'video/mp4; codecs="avc1.640'),
        ("libx265", "mp4", Fraction(25), r'video/mp4; codecs="hev1.1.6.L30.90, mp4a.40.2"'),
    ],
)
def test_fragments_are_all_of_the_result_in_its_order(
    tmp_path: Path, codec: str, ending: str, fps: Fraction, words: str
):
    ears = sound(tmp_path / f"sound.{ending}", float(sum(COUNTS) / fps))
    cuts, first = [], 0
    for number, frames in enumerate(COUNTS):
        cuts.append(Cut(first, frames, fps, number == len(COUNTS) - 1))
        first += frames
    pictures = [segment(tmp_path / f"{n}.mp4", cut.first, cut.frames, fps, codec) for n, cut in enumerate(cuts)]
    stream = tmp_path / "stream.mp4"
    parts = [fragments.fragment(n, picture, ears, cuts[n]) for n, picture in enumerate(pictures)]
    assert fragments.headers(pictures[0], ears, fps) == fragments.headers(pictures[2], ears, fps)
    stream.write_bytes(fragments.headers(pictures[1], ears, fps) + b"".join(parts))

    coding = fragments.coding(pictures[0], ears, fps)
    assert coding.type.startswith(words)
    assert coding.type.endswith('mp4a.40.2"')
    assert coding.late == 2
    with av.open(str(stream)) as container:
        assert container.streams.video[0].start_time * container.streams.video[0].time_base == coding.late / fps
    shown = read_numbers(stream)
    assert [number for _, number in shown] == list(range(first))
    assert [time for time, _ in shown] == pytest.approx([float(number / fps) for number in range(first)], abs=1e-4)
    begins, samples = heard(stream)
    began, wanted = heard(ears)
    skipped = round((float(coding.late / fps) + began - begins) * 48_000)
    assert abs(samples[skipped:][: len(wanted)] - wanted).max() < 0.01


def test_a_segment_is_heard_from_its_first_frame_on(tmp_path: Path):
    fps = Fraction(25)
    ears = sound(tmp_path / "sound.mp4", 4)
    alone = tmp_path / "alone.mp4"
    picture = segment(tmp_path / "1.mp4", 50, 50, fps, "libx264")
    alone.write_bytes(
        fragments.headers(picture, ears, fps) + fragments.fragment(1, picture, ears, Cut(50, 50, fps, False))
    )
    late = fragments.coding(picture, ears, fps).late
    with av.open(str(alone)) as container:
        begin = min(packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.size)
    assert 0 <= (50 + late) / fps - begin < Fraction(1024, 48_000)


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_silence_follows_sound_that_ends_before_the_picture(tmp_path: Path, layout: str):
    fps = Fraction(25)
    ears = sound(tmp_path / "sound.mp4", 1, layout)
    stream = tmp_path / "stream.mp4"
    cuts = [Cut(0, 50, fps, False), Cut(50, 20, fps, True)]
    pictures = [segment(tmp_path / f"{n}.mp4", cut.first, cut.frames, fps, "libx264") for n, cut in enumerate(cuts)]
    parts = [fragments.fragment(n, picture, ears, cuts[n]) for n, picture in enumerate(pictures)]
    stream.write_bytes(fragments.headers(pictures[0], ears, fps) + b"".join(parts))
    _, samples = heard(stream)
    assert 2.8 * 48_000 <= len(samples) <= 2.8 * 48_000 + 4096 + 2 / 25 * 48_000
    assert abs(samples[:52_000]).max() > 0.1
    assert abs(samples[54_000:]).max() < 1e-4
    assert [number for _, number in read_numbers(stream)] == list(range(70))


def test_what_is_no_file_of_ours_is_an_error_and_nothing_else(tmp_path: Path):
    picture = segment(tmp_path / "0.mp4", 0, 30, Fraction(25), "libx264")
    whole = picture.read_bytes()
    with pytest.raises(StepFailed, match="30 frames, and 31 were planned"):
        fragments.fragment(0, picture, None, Cut(0, 31, Fraction(25), False))
    with pytest.raises(StepFailed, match="no track 'soun'"):
        track(picture, b"soun")
    broken, chance = tmp_path / "broken.mp4", random.Random(7)
    for round_ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(min(len(data), 1200))] = chance.choice((0, 1, 127, 128, 255))
        broken.write_bytes(data[: chance.randrange(len(data))] if round_ % 3 == 0 else data)
        try:
            fragments.coding(broken, None, Fraction(25))
            fragments.headers(broken, None, Fraction(25))
            fragments.fragment(0, broken, None, Cut(0, 30, Fraction(25), True))
        except StepFailed:
            pass
