"""Segments as fragments of a stream: nothing lost, nothing doubled, picture and sound together."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import numpy
import pytest
from clips import BAR, BITS, read_numbers

from artdagd.errors import NotFound, StepFailed
from artdagd.runs import fragments
from artdagd.runs.boxes import Track, track
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


FIELDS = b"mvhd tkhd elst mdhd hdlr stsd avc1 avcC mp4a esds stts ctts stss stsz stsc stco".split()
"""Boxes whose numbers are made wrong on purpose, one after the other."""


@pytest.mark.parametrize(
    "value", [0, 0x7FFFFFFF, *(pytest.param(value, marks=pytest.mark.slow) for value in (1, 0x80000000, 0xFFFFFFFF))]
)
def test_a_number_that_is_wrong_is_an_error_and_nothing_else(tmp_path: Path, value: int):
    fps = Fraction(30_000, 1001)
    cut = Cut(0, 10, fps, True)
    whole = segment(tmp_path / "picture.mp4", 0, 10, fps, "libx264"), sound(tmp_path / "sound.mp4", 0.3)
    refused = 0
    for which, path in enumerate(whole):
        data = path.read_bytes()
        for name in FIELDS:
            if (begin := data.find(name)) < 0:
                continue
            for place in range(begin - 4, begin + 40, 4):
                broken = tmp_path / f"{which}-{name.decode()}-{place}.mp4"
                broken.write_bytes(data[:place] + struct.pack(">I", value) + data[place + 4 :])
                files = (broken, whole[1]) if which == 0 else (whole[0], broken)
                for use in (
                    lambda files=files: fragments.coding(*files, fps),
                    lambda files=files: fragments.headers(*files, fps),
                    lambda files=files: fragments.fragment(0, *files, cut),
                ):
                    try:
                        use()
                    except StepFailed:
                        refused += 1
    assert refused > 100


def test_times_that_no_fragment_can_say_are_an_error(tmp_path: Path):
    data = bytearray(segment(tmp_path / "picture.mp4", 0, 10, Fraction(25), "libx264").read_bytes())
    struct.pack_into(">I", data, data.index(b"mdhd") + 16, 1)
    struct.pack_into(">I", data, data.index(b"ctts") + 16, 0x7FFFFFFF)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    with pytest.raises(StepFailed, match="can't be read"):
        fragments.fragment(0, broken, None, Cut(0, 10, Fraction(25), True))


def test_a_part_that_is_gone_is_not_found(tmp_path: Path):
    picture = segment(tmp_path / "picture.mp4", 0, 10, Fraction(25), "libx264")
    for gone in ((tmp_path / "gone.mp4", None), (picture, tmp_path / "gone.mp4")):
        with pytest.raises(NotFound, match="not there any more"):
            fragments.fragment(0, *gone, Cut(0, 10, Fraction(25), True))


def box(name: str, *inside: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, inside)), name.encode()) + b"".join(inside)


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def small(
    path: Path, size: int, count: int, chunks: Sequence[int] = (0,), runs: Sequence[int] = (1, 1, 1), scale: int = 25
) -> Path:
    """A file of sound whose tables say what they like; it has 1,000 bytes of data."""
    table = box(
        "stbl",
        box("stsd", numbers(0, 1), box("mp4a", bytes(28))),
        box("stts", numbers(0, 1, count, 1)),
        box("stsz", numbers(0, size, count)),
        box("stsc", numbers(0, len(runs) // 3, *runs)),
        box("stco", numbers(0, len(chunks), *chunks)),
    )
    clock = box("mdhd", numbers(0, 0, 0, scale, 0, 0))
    media = box("mdia", clock, box("hdlr", bytes(8), b"soun", bytes(12)), box("minf", table))
    moov = box("moov", box("mvhd", numbers(0, 0, 0, 1000)), box("trak", box("tkhd", bytes(84)), media))
    path.write_bytes(moov + box("mdat", bytes(1000)))
    return path


def test_a_small_file_does_not_say_that_it_is_a_large_one(tmp_path: Path):
    path = tmp_path / "small.mp4"
    assert len(track(small(path, 10, 4, [500], [1, 4, 1]), b"soun").sizes) == 4
    same = [500] * 100
    for size, count, chunks, runs, why in (
        (900, 100, same, [1, 1, 1], "larger than the file"),
        (1, 10_000_000, [0], [1, 10_000_000, 1], "too many packets"),
        (1, 4, [500] * 5, [1, 1, 1], "more chunks than packets"),
        (1, 100, same, [1, 1, 1] * 100, "order"),
        (1, 100, same, [1, 1, 1, 90, 1, 1, 1, 1, 1], "order"),
        (1, 100, same, [1, 0, 1], "order"),
        (1, 100, same, [0, 1, 1], "order"),
    ):
        with pytest.raises(StepFailed, match=why):
            track(small(path, size, count, chunks, runs), b"soun")
    with pytest.raises(StepFailed, match="no ticks"):
        track(small(path, 10, 1, scale=0), b"soun")


def test_headers_that_are_shorter_than_their_own_beginning_are_not_read(tmp_path: Path):
    path = tmp_path / "small.mp4"
    path.write_bytes(numbers(7) + small(path, 10, 1).read_bytes()[4:])
    with pytest.raises(StepFailed, match="it has no headers"):
        track(path, b"soun")


def test_a_sound_has_so_many_samples_a_second(tmp_path: Path):
    with pytest.raises(StepFailed, match="more than 1,000,000 samples a second"):
        fragments._sound(small(tmp_path / "small.mp4", 10, 1, scale=1_000_001))


def test_a_fragment_holds_so_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    picture = segment(tmp_path / "picture.mp4", 0, 10, Fraction(25), "libx264")
    monkeypatch.setattr(fragments, "LARGEST", 100)
    with pytest.raises(StepFailed, match="GiB"):
        fragments.fragment(0, picture, None, Cut(0, 10, Fraction(25), True))
    monkeypatch.setattr(fragments, "PIECES", 9)
    with pytest.raises(StepFailed, match="10 packets, and 9 are allowed"):
        fragments.fragment(0, picture, None, Cut(0, 10, Fraction(25), True))


def test_a_sound_that_several_fragments_have_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ears, reads, again = sound(tmp_path / "sound.mp4", 1), [], Event()
    picture = segment(tmp_path / "picture.mp4", 0, 10, Fraction(25), "libx264")

    def counted(path: Path, kind: bytes) -> Track:
        if kind == b"soun":
            reads.append(path)
            again.wait(0.3) if len(reads) == 1 else again.set()
        return track(path, kind)

    monkeypatch.setattr(fragments, "track", counted)
    with ThreadPoolExecutor(2) as threads:
        cut = Cut(0, 10, Fraction(25), False)
        list(threads.map(lambda number: fragments.fragment(number, picture, ears, cut), range(2)))
    assert reads == [ears]
