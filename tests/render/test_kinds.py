"""What each kind of input becomes: the rows of docs/guide.md that no other file of this folder tests."""

from __future__ import annotations

import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from pixels import plane

from artdagd.errors import StepFailed
from artdagd.render.analysis.audio import mono
from artdagd.render.reading.probe import probe
from artdagd.render.reading.source import open_source
from artdagd.render.writing.turns import take_turns
from tests.sounds import read_sound, write_sound


def ffmpeg(*words: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True)


def drawn(path: Path, picture: str, *options: object) -> Path:
    ffmpeg("-f", "lavfi", "-i", picture, *options, path)
    return path


def planes(path: Path, start: int = 0) -> list[numpy.ndarray]:
    return [plane(frame) for frame in open_source(path).video.frames(start)]


def test_a_variable_rate_shows_at_each_tick_what_was_on_screen(clip, render, numbers):
    times = [Fraction(ms, 1000) for ms in (0, 33, 66, 300, 333, 366, 400, 433, 466, 900)]
    path = clip("phone.mp4", 10, 30, times=times)
    facts = probe(path)
    assert facts.video.fps == (30, 1)
    assert abs(facts.video.duration - 0.933) < 0.05
    shown = numbers(render([("RESIZE", {}, ["a"])], {"a": path}))
    assert len(shown) == round(facts.video.duration * 30)
    for tick, number in enumerate(shown):
        assert abs(float(times[number]) - tick / 30) <= min(abs(float(time) - tick / 30) for time in times) + 0.02 or (
            float(times[number]) <= tick / 30
        )


def test_odd_sides_lose_one_row_or_column(tmp_path):
    path = drawn(tmp_path / "odd.mkv", "testsrc=s=101x57:r=10:d=0.3", "-c:v", "ffv1")
    video = open_source(path).video
    assert (video.picture.width, video.picture.height) == (100, 56)
    frame = next(video.frames())
    assert (frame.width, frame.height) == (100, 56)


@pytest.mark.parametrize(("aspect", "size"), [("16/15", (76, 48)), ("8/9", (72, 54)), ("1", (72, 48))])
def test_pixels_become_square_and_nothing_is_thrown_away(tmp_path, aspect, size):
    path = drawn(tmp_path / "dv.mkv", "testsrc=s=72x48:r=10:d=0.2", "-vf", f"setsar={aspect}")
    video = open_source(path).video
    assert (video.picture.width, video.picture.height) == size
    assert (next(video.frames()).width, next(video.frames()).height) == size


INTERLACED = {
    "mpeg2": ("a.mpg", ["-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-g", "6"]),
    "h264": ("a.mkv", ["-c:v", "libx264", "-qp", "4", "-flags", "+ildct+ilme", "-g", "6"]),
    "prores": ("a.mov", ["-c:v", "prores_ks", "-flags", "+ildct"]),
}


@pytest.mark.parametrize("kind", INTERLACED)
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_interlaced_footage_becomes_whole_pictures(tmp_path, kind, order):
    """A bar that moves between the two fields of a picture: combed as stored, clean as steps see it."""
    name, options = INTERLACED[kind]
    first = {"tff": ("interleave_top", 1), "bff": ("interleave_bottom", 0)}[order]
    bar = "color=black:s=96x64:r=50:d=0.48,format=gray,geq=lum='16+200*between(X-4*N\\,0\\,12)'"
    weave = (
        f"{bar},tinterlace={first[0]},setfield={order},format=yuv422p"
        if kind == "prores"
        else (f"{bar},tinterlace={first[0]},setfield={order},format=yuv420p")
    )
    path = drawn(tmp_path / name, weave, *options, "-top", first[1])
    facts = probe(path).video
    assert facts.interlaced
    assert (facts.fps, facts.duration) == ((25, 1), pytest.approx(0.48, abs=0.001))
    whole = planes(path)
    assert len(whole) == 12
    for number, picture in enumerate(whole[1:-1], 1):
        between = numpy.abs(picture[1:] - picture[:-1])[4:-4]
        assert (between > 60).mean() < 0.01, number
        edge = numpy.argmax(picture[32] > 110)
        assert abs(edge - 8 * number) <= 2  # the moment of the first field
    for start in (1, 7, 11):
        assert all((one == other).all() for one, other in zip(planes(path, start), whole[start:], strict=True))


def test_progressive_footage_is_left_as_it_is(clip):
    assert not probe(clip("a.mp4", 4)).video.interlaced


def tones(path: Path, layout: str, channels: int, level: float = 1.0) -> Path:
    """A sine of full scale in every channel, all in phase: the loudest that the layout can hold."""
    expressions = "|".join([f"{level}*sin(2*PI*440*t)"] * channels)
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc={expressions}:s=48000:d=0.5:c={layout}", "-c:a", "pcm_f32le", path)
    return path


def samples(path: Path) -> numpy.ndarray:
    sound = open_source(path).audio
    return numpy.concatenate([frame.to_ndarray() for frame in sound.frames()], axis=1)


def test_mono_stays_mono_and_stereo_stereo(tmp_path):
    for layout, channels in (("mono", 1), ("stereo", 2)):
        path = tones(tmp_path / f"{layout}.wav", layout, channels)
        assert (open_source(path).audio.layout, probe(path).audio.channels) == (layout, channels)
        assert numpy.abs(samples(path)).max() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("layout", "channels"), [("5.1", 6), ("5.1(side)", 6), ("7.1", 8), ("quad", 4), ("3.0", 3)])
def test_surround_is_mixed_to_stereo_and_never_clips(tmp_path, layout, channels):
    path = tones(tmp_path / "a.wav", layout, channels)
    mixed = samples(path)
    assert mixed.shape == (2, 24_000)
    assert 0.9 < numpy.abs(mixed).max() <= 1.0
    assert probe(path).audio.channels == 2
    assert numpy.abs(mono(path, 48000)).max() <= 1.0


def test_each_channel_of_5_1_is_heard_where_it_stood(tmp_path):
    """ITU-R BS.775: centre and surround 3 dB down, the low-frequency channel left out, all brought down together."""
    gains = []
    for channel in range(6):
        expressions = "|".join(["0.5*sin(2*PI*440*t)" if i == channel else "0" for i in range(6)])
        path = tmp_path / f"{channel}.wav"
        ffmpeg("-f", "lavfi", "-i", f"aevalsrc={expressions}:s=48000:d=0.2:c=5.1", "-c:a", "pcm_f32le", path)
        gains.append(numpy.abs(samples(path)).max(axis=1) / 0.5)
    side, whole = 2**-0.5, 1 / (1 + 2 * 2**-0.5)
    wanted = [(1, 0), (0, 1), (side, side), (0, 0), (side, 0), (0, side)]
    assert numpy.abs(numpy.array(gains) - whole * numpy.array(wanted)).max() < 0.005


def test_sound_alone_and_pictures_alone(clip, render):
    sound, picture = clip("a.wav", samples=24_000, audio_codec="pcm_s16le"), clip("b.mp4", 5)
    assert (open_source(sound).video, probe(sound).kind, probe(sound).video) == (None, "audio", None)
    assert (open_source(picture).audio, probe(picture).kind, probe(picture).audio) == (None, "video", None)


def test_cover_art_is_no_picture(clip, tmp_path):
    sound = clip("a.wav", samples=24_000, audio_codec="pcm_s16le")
    cover = drawn(tmp_path / "cover.jpg", "testsrc=s=64x64", "-frames:v", "1")
    for name in ("a.mp3", "a.flac", "a.m4a"):
        ffmpeg(
            "-i",
            sound,
            "-i",
            cover,
            "-map",
            "0",
            "-map",
            "1",
            "-c:v",
            "copy",
            "-disposition:v",
            "attached_pic",
            tmp_path / name,
        )
        facts = probe(tmp_path / name)
        assert (facts.kind, facts.video) == ("audio", None)
        assert open_source(tmp_path / name).video is None


@pytest.mark.parametrize("name", ["a.gif", "a.apng"])
def test_moving_pictures_play_once_with_their_own_times(tmp_path, name):
    path = drawn(
        tmp_path / name, "testsrc=s=64x32:r=10:d=0.5", *(["-plays", "0"] if name == "a.apng" else ["-loop", "0"])
    )
    facts = probe(path)
    assert (facts.kind, facts.video.fps, facts.video.duration) == ("video", (10, 1), 0.5)
    assert len(planes(path)) == 5


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_still_is_an_image_of_one_frame(tmp_path, name):
    path = drawn(tmp_path / name, "testsrc=s=64x32", "-frames:v", "1")
    facts = probe(path)
    assert (facts.kind, facts.duration) == ("image", None)
    assert len(planes(path)) == 1


def test_an_avif_is_an_image(tmp_path):
    path = tmp_path / "a.avif"
    with av.open(str(path), "w", format="avif") as file:
        stream = file.add_stream("libsvtav1", rate=10, options={"svtav1-params": "lp=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.full((96, 64), 128, numpy.uint8), format="yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 10)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    take_turns()
    facts = probe(path)
    assert (facts.kind, facts.media_type, facts.duration) == ("image", "image/avif", None)
    assert len(planes(path)) == 1


def test_an_animated_webp_is_refused_with_a_remedy(tmp_path):
    path = tmp_path / "a.webp"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libwebp_anim", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "bgra"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(numpy.full((32, 64, 4), 80 * number, numpy.uint8), format="bgra")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(StepFailed, match="animated WebP") as failure:
        open_source(path)
    assert "GIF" in failure.value.advice
    assert probe(path).kind == "other"


def test_a_change_of_size_within_a_file_is_refused_with_a_remedy(tmp_path):
    for number, size in enumerate(("64x32", "96x64")):
        drawn(tmp_path / f"{number}.ts", f"testsrc=s={size}:r=10:d=0.5", "-c:v", "mpeg2video")
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join((tmp_path / f"{number}.ts").read_bytes() for number in range(2)))
    with pytest.raises(StepFailed) as failure:
        planes(both)
    assert failure.value.code == "bad_media"
    assert "64x32" in failure.value.detail
    assert failure.value.advice


def test_more_channels_than_can_be_mixed_are_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    data = bytes(2 * 127 * 100)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 127, 8000, 8000 * 254, 254, 16)
    path.write_bytes(
        struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + form + b"data" + struct.pack("<I", len(data)) + data
    )
    with pytest.raises(StepFailed) as failure:
        open_source(path)
    assert failure.value.code == "bad_media"
    assert probe(path).kind == "other"


def test_a_probe_opens_a_file_no_oftener_than_it_reads_it(tmp_path, clip, monkeypatch):
    """Opening can take seconds: a fragmented MP4's whole index is read. One reading is for the packets of the pictures,
    one for the first of them, one for the sound."""
    opened = []
    real = av.open

    def counted(*arguments, **options):
        opened.append(arguments[0])
        return real(*arguments, **options)

    sound = write_sound(tmp_path / "a.wav", numpy.zeros(1000))
    both, silent = clip("both.mp4", 10, samples=16_000), clip("silent.mp4", 10)
    monkeypatch.setattr(av, "open", counted)
    for path, times in ((sound, 1), (silent, 2), (both, 3)):
        opened.clear()
        assert probe(path).kind == ("audio" if path is sound else "video")
        assert len(opened) == times


def test_a_broadcast_that_goes_to_5_1_and_back_is_stereo_throughout(tmp_path):
    """AC-3 names its channels in every frame: three files, one after the other, are a file."""
    parts = (("stereo", "0.1*sin(2000*t)|0"), ("5.1", "0|0|0.1*sin(2000*t)|0|0|0"), ("stereo", "0|0.1*sin(2000*t)"))
    whole, lengths = b"", []
    for number, (layout, sound) in enumerate(parts):
        path = tmp_path / f"{number}.ac3"
        ffmpeg("-f", "lavfi", "-i", f"aevalsrc={sound}:s=48000:d=0.32:c={layout}", "-b:a", "384k", path)
        whole += path.read_bytes()
        lengths.append(probe(path).audio.samples)
    path = tmp_path / "whole.ac3"
    path.write_bytes(whole)
    assert (probe(path).audio.channels, probe(path).audio.samples) == (2, sum(lengths))
    heard = read_sound(path)
    assert heard.shape == (2, sum(lengths))
    inner = [part[:, 3000:-3000] for part in numpy.split(heard, numpy.cumsum(lengths)[:-1], axis=1)]
    levels = [numpy.sqrt((part**2).mean(1) * 2) for part in inner]
    centre = 0.1 / (1 + 2 * 0.5**0.5) * 0.5**0.5
    for level, wanted in zip(levels, ((0.1, 0), (centre, centre), (0, 0.1)), strict=True):
        assert level == pytest.approx(wanted, abs=0.004)
