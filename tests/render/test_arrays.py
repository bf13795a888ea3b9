"""Sound and pictures as arrays, as analyzers get them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest

from artdagd.errors import StepFailed
from artdagd.hooks import Filter
from artdagd.render.analysis import audio
from artdagd.render.analysis.audio import Blocks, mono
from artdagd.render.analysis.frames import Small

Wave = Callable[..., Path]


@pytest.fixture
def wave(tmp_path: Path) -> Wave:
    """``wave(samples, layout)``: a WAV of 32-bit floats, of shape (channels, samples), at 8 kHz."""

    def write(samples: numpy.ndarray, layout: str = "mono") -> Path:
        path = tmp_path / "sound.wav"
        with av.open(str(path), "w") as file:
            stream = file.add_stream("pcm_f32le", rate=8000, layout=layout)
            packed = numpy.ascontiguousarray(samples.T, numpy.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, "flt", layout)
            frame.sample_rate, frame.pts = 8000, 0
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        return path

    return write


def noise(channels: int, count: int) -> numpy.ndarray:
    return numpy.random.default_rng(1).uniform(-1, 1, (channels, count)).astype(numpy.float32)


def test_a_sound_in_blocks_is_the_sound_with_its_own_channels_and_rate(wave: Wave) -> None:
    samples = noise(6, 150_000)
    sound = Blocks.of(wave(samples, "5.1"))
    assert (sound.rate, sound.channels) == (8000, ("FL", "FR", "FC", "LFE", "BL", "BR"))
    blocks = list(sound)
    assert [block.shape for block in blocks] == [(6, 65_536), (6, 65_536), (6, 18_928)]
    assert numpy.array_equal(numpy.concatenate(blocks, axis=1), samples)


@pytest.mark.parametrize(("layout", "count"), [("7.1", 8), ("7.1.4", 12), ("hexadecagonal", 16)])
def test_a_sound_has_as_many_channels_as_it_has(wave: Wave, layout: str, count: int) -> None:
    samples = noise(count, 9000)
    sound = Blocks.of(wave(samples, layout))
    assert len(sound.channels) == count
    assert numpy.array_equal(numpy.concatenate(list(sound), axis=1), samples)
    assert len(list(sound.measured([Filter("ebur128", {"metadata": 1})]))) == 11


def test_the_end_of_a_track_of_eight_channels_is_cut_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=48_000, layout="7.1")
        frame = av.AudioFrame.from_ndarray(noise(8, 5000).T.reshape(1, -1) / 2, "flt", "7.1")
        frame.sample_rate, frame.pts = 48_000, 0
        for packed in av.AudioResampler("fltp", "7.1", 48_000, frame_size=1024).resample(frame):
            file.mux(stream.encode(packed))
        file.mux(stream.encode(None))
    assert sum(block.shape[1] for block in Blocks.of(path)) == 5000 // 1024 * 1024


def test_a_sound_in_mono_is_what_audio_gives(wave: Wave) -> None:
    path = wave(noise(2, 70_000) / 2, "stereo")
    sound = Blocks.of(path, 6000, mono=True)
    assert (sound.rate, sound.channels) == (6000, ("FC",))
    assert numpy.array_equal(numpy.concatenate(list(sound), axis=1)[0], mono(path, 6000))


def test_samples_that_are_no_number_read_as_zero_and_loud_ones_as_they_are(wave: Wave) -> None:
    samples = numpy.array([[0.5, numpy.nan, numpy.inf, -numpy.inf, 3.0, 1e38, 1e38]])
    (block,) = Blocks.of(wave(samples))
    assert block[0].tolist() == numpy.array([0.5, 0, 0, 0, 3, 1e38, 1e38], numpy.float32).tolist()


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
@pytest.mark.parametrize(("size", "hop"), [(64, 16), (63, 17), (10, 64), (1, 1), (300, 64)])
@pytest.mark.parametrize("block", [7, 64, 65_536])
def test_windows_are_centred_on_their_hops(
    wave: Wave, monkeypatch: pytest.MonkeyPatch, count: int, size: int, hop: int, block: int
) -> None:
    monkeypatch.setattr(audio, "BLOCK", block)
    samples = noise(1, count)
    found = numpy.concatenate(list(Blocks.of(wave(samples)).windows(size, hop)))
    padded = numpy.pad(samples[0], (size // 2, size + hop))
    wanted = [padded[start : start + size] for start in range(0, count, hop)]
    assert numpy.array_equal(found, wanted)


def test_what_filters_measure_comes_with_its_time(wave: Wave) -> None:
    tone = numpy.sin(2 * numpy.pi * 997 / 8000 * numpy.arange(8000))[None]
    found = list(Blocks.of(wave(tone)).measured([Filter("ebur128", {"metadata": 1})]))
    assert [time for time, _ in found] == pytest.approx(numpy.arange(10) / 10)
    # EBU Tech 3341: a sine of 0 dBFS at 1 kHz in one channel is -3.0 LUFS.
    assert float(found[-1][1]["lavfi.r128.I"]) == pytest.approx(-3.01, abs=0.1)


def test_what_can_t_be_heard_is_refused(wave: Wave, clip: Callable[..., Path]) -> None:
    sound = Blocks.of(wave(noise(2, 100), "stereo"))
    with pytest.raises(ValueError, match="2 channels"):
        sound.windows(64, 16)
    with pytest.raises(ValueError, match="windows of 0 samples"):
        sound.windows(0, 16)
    with pytest.raises(ValueError, match="0 is no sample rate"):
        Blocks.of(sound.path, 0)
    with pytest.raises(StepFailed, match="no sound"):
        Blocks.of(clip("mute.mp4", 3))


def solid(path: Path, colours: list[tuple[int, int, int]], fps: int = 25, **tags: int) -> Path:
    """A 4:4:4 video without loss of plain frames 160x90."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264rgb", rate=fps, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "rgb24"
        for number, colour in enumerate(colours):
            frame = av.VideoFrame.from_ndarray(numpy.full((90, 160, 3), colour, numpy.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 120, 40)]


def test_pictures_are_small_and_have_their_colours_and_times(tmp_path: Path) -> None:
    frames = Small.of(solid(tmp_path / "solid.mkv", COLOURS), 32)
    assert (frames.width, frames.height, frames.fps, len(frames)) == (32, 18, 25, 7)
    found = list(frames)
    assert [time for time, _ in found] == [number / 25 for number in range(7)]
    for (_, picture), colour in zip(found, COLOURS, strict=True):
        assert (picture.shape, picture.dtype) == ((18, 32, 3), numpy.uint8)
        assert numpy.abs(picture.astype(int) - colour).max() <= 2
    assert sum(1 for _ in frames) == 7


def test_a_lower_rate_takes_the_picture_of_each_time(clip: Callable[..., Path]) -> None:
    path = clip("numbers.mp4", 30, 30)
    all_of_them = [picture for _, picture in Small.of(path, 240)]
    fewer = Small.of(path, 240, 8)
    assert (len(fewer), fewer.fps) == (8, 8)
    for (time, picture), number in zip(fewer, [0, 3, 7, 11, 15, 18, 22, 26], strict=True):
        assert time == pytest.approx(number / 30, abs=1 / 30)
        assert numpy.array_equal(picture, all_of_them[number])
    assert len(Small.of(path, 240, 200)) == 30


def test_a_picture_is_not_made_larger_and_has_at_least_a_pixel(clip: Callable[..., Path]) -> None:
    path = clip("numbers.mp4", 2)
    assert next(iter(Small.of(path, 9999)))[1].shape == (64, 240, 3)
    assert next(iter(Small.of(path, 1)))[1].shape == (1, 1, 3)


def test_a_gif_and_a_still_are_pictures_too(tmp_path: Path) -> None:
    for name, codec, format, count in (("a.gif", "gif", "rgb8", 3), ("a.png", "png", "rgb24", 1)):
        with av.open(str(tmp_path / name), "w", **({"format": "image2"} if count == 1 else {})) as file:
            stream = file.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 33, 17, format
            for number in range(count):
                frame = av.VideoFrame.from_ndarray(numpy.full((17, 33, 3), (255, 0, 0), numpy.uint8), "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                file.mux(stream.encode(frame.reformat(format=format)))
            file.mux(stream.encode(None))
        frames = list(Small.of(tmp_path / name, 16))
        assert len(frames) == count
        assert numpy.abs(frames[-1][1].astype(int) - (255, 0, 0)).max() <= 2


def test_what_can_t_be_seen_is_refused(wave: Wave, clip: Callable[..., Path]) -> None:
    with pytest.raises(StepFailed, match="no picture"):
        Small.of(wave(noise(1, 100)), 64)
    path = clip("numbers.mp4", 2)
    with pytest.raises(ValueError, match="0 is no width"):
        Small.of(path, 0)
    with pytest.raises(ValueError, match="-1 is no rate"):
        Small.of(path, 64, -1)
