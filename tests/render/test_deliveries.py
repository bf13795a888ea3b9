"""Every format and preset of the guide: right codecs, right colours, every sample, the same bytes on any machine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy
import pytest
from needs import missing
from render.usual import usual

from artdagd.delivery import FORMATS, PRESETS, Delivery, problems
from artdagd.errors import StepFailed
from artdagd.hooks import Filter
from artdagd.hooks.manager import Plugins
from artdagd.recipes.parse import parse_recipe
from artdagd.render.engine import render_pass
from artdagd.render.reading.probe import probe
from artdagd.render.reading.source import open_source
from artdagd.render.streams import Colour, Media
from artdagd.render.writing.codecs import ALPHA
from artdagd.render.writing.encode import encode
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.numbers import nearest
from artdagd.work import RenderPass, RenderStep

RATE, SAMPLES = 44_100, 44_777

ALL = {
    "-".join(filter(None, (name, video, audio))): usual(name, video, audio, fast=True)
    for name, kind in FORMATS.items()
    for video in kind.video or (None,)
    for audio in kind.audio or (None,)
    if video == (kind.video or (None,))[0] or audio == (kind.audio or (None,))[0]
}
"""Every codec in every format that takes it."""


def written(output: str) -> Delivery:
    text = "name: x\ninputs: {v: {type: media}}\nsteps: [{id: out, type: SPEED, inputs: [v]}]\noutput: "
    return parse_recipe(text + output, Catalogue.of(Plugins.of())).delivery


def deliver(source: Path, output: Path, delivery: Delivery) -> Path:
    work = RenderPass((RenderStep("s", "SEGMENT", {}, ("v",)),), {"v": str(source)}, delivery)
    render_pass(work, output, {}, lambda fraction: None, lambda: False)
    return output


@pytest.fixture(scope="module")
def ffmpeg() -> Callable[..., bytes]:
    if shutil.which("ffmpeg") is None:
        missing("ffmpeg", "the independent reader of what we write")

    def run(*arguments: str | Path) -> bytes:
        return subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True, capture_output=True).stdout

    return run


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of picture and a little more of sound: a grey ramp above, patches of colour below, all of it BT.709."""
    path = tmp_path_factory.mktemp("delivery") / "source.mkv"
    with av.open(str(path), "w") as file:
        video = file.add_stream("ffv1", rate=25)
        sound = file.add_stream("flac", rate=RATE, layout="mono")
        video.width, video.height, video.pix_fmt = 256, 128, "yuv420p"
        video.codec_context.colorspace, video.codec_context.color_range = 1, 1
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(chart(), format="yuv420p")
            frame.pts, frame.time_base, frame.colorspace, frame.color_range = number, Fraction(1, 25), 1, 1
            file.mux(video.encode(frame))
        wave = (numpy.sin(numpy.arange(SAMPLES) * 0.06) * 16000).astype(numpy.int16)
        samples = av.AudioFrame.from_ndarray(wave[None], "s16", "mono")
        samples.sample_rate, samples.pts = RATE, 0
        file.mux(sound.encode(samples))
        for stream in (video, sound):
            file.mux(stream.encode(None))
    return path


COLOURS = ((200, 40, 40), (40, 180, 60), (50, 60, 210), (220, 200, 40))
LEVELS = [round(255 * step / 7) for step in range(8)]


def chart() -> numpy.ndarray:
    """Eight greys above four colours, as BT.709 of limited range (ITU-T H.273)."""
    rgb = numpy.zeros((128, 256, 3))
    for step, level in enumerate(LEVELS):
        rgb[:64, step * 32 : (step + 1) * 32] = level
    for number, colour in enumerate(COLOURS):
        rgb[64:, number * 64 : (number + 1) * 64] = colour
    y = rgb @ (0.2126, 0.7152, 0.0722)
    u, v = (rgb[..., 2] - y) / 1.8556, (rgb[..., 0] - y) / 1.5748
    planes = [16 + y * 219 / 255, 128 + u[::2, ::2] * 224 / 255, 128 + v[::2, ::2] * 224 / 255]
    return numpy.concatenate([plane.round().astype(numpy.uint8).ravel() for plane in planes]).reshape(192, 256)


def policies() -> set[int]:
    """How the threads of this process are scheduled; a thread may end between being listed and being asked."""
    found = set()
    for thread in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):
            found.add(os.sched_getscheduler(int(thread)))
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_codec_in_every_format(source: Path, tmp_path: Path, ffmpeg: Callable[..., bytes], name: str) -> None:
    delivery = ALL[name]
    assert problems(delivery) == []
    out = deliver(source, tmp_path / f"out.{delivery.format}", delivery)
    assert policies() == {os.SCHED_OTHER}, "as root, an encoder has put itself before all that runs here"
    facts = probe(out)
    assert facts.media_type == FORMATS[delivery.format].media_type
    assert (facts.video is not None, facts.audio is not None) == (
        delivery.video_codec is not None,
        delivery.audio_codec is not None,
    )
    if facts.video is not None:
        still = facts.kind == "image" and delivery.format != "gif"
        assert (facts.video.width, facts.video.height) == (256, 128)
        assert facts.video.duration == (0.04 if still else 1.0)
        frame = ffmpeg("-i", out, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
        seen = numpy.frombuffer(frame, numpy.uint8).reshape(128, 256, 3).astype(int)
        for step, level in enumerate(LEVELS):
            patch = seen[8:56, step * 32 + 8 : step * 32 + 24].mean((0, 1))
            assert abs(patch - level).max() < 3, f"grey {level} became {patch}"
        for number, colour in enumerate(COLOURS):
            patch = seen[72:120, number * 64 + 8 : number * 64 + 56].mean((0, 1))
            assert abs(patch - colour).max() < 5, f"{colour} became {patch}"
    if facts.audio is not None:
        length = round(Fraction(SAMPLES * facts.audio.rate, RATE))
        assert (facts.audio.rate, facts.audio.samples) == (48_000 if delivery.audio_codec == "opus" else RATE, length)
        if delivery.format not in (
            "mp4",
            "mov",
            "m4a",
        ):  # there the end is in the packet's duration, which ffmpeg plays over
            pcm = ffmpeg("-i", out, "-f", "s16le", "-ac", "1", "-")
            assert len(pcm) == 2 * length


@pytest.mark.parametrize("rate", [11_025, 96_000])
def test_resampled_sound_is_as_long(clip: Callable[..., Path], tmp_path: Path, rate: int) -> None:
    """To the sample, and at a bitrate that is more than Opus takes for one channel."""
    samples = rate + 77
    tone = clip("tone.flac", samples=samples, rate=rate, audio_codec="flac")
    out = deliver(tone, tmp_path / "out.ogg", written("{step: out, format: ogg, audio_bitrate: 510k}"))
    audio = probe(out).audio
    assert audio is not None
    assert audio.samples == nearest(Fraction(samples * 48_000, rate))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset(source: Path, tmp_path: Path, name: str) -> None:
    delivery = written(f"{{step: out, for: {name}}}")
    assert problems(delivery) == []
    facts = probe(deliver(source, tmp_path / f"out.{delivery.format}", delivery))
    expected = {
        "web": ("video/mp4", "h264", "aac"),
        "archive": ("video/matroska", "ffv1", "flac"),
        "master": ("video/quicktime", "prores", "pcm_s24le"),
        "gif": ("image/gif", "gif", None),
        "audio": ("audio/mp4", None, "aac"),
    }
    got = (facts.media_type, facts.video and facts.video.codec, facts.audio and facts.audio.codec)
    assert got == expected[name]


def test_an_archive_loses_nothing(source: Path, tmp_path: Path, ffmpeg: Callable[..., bytes]) -> None:
    out = deliver(source, tmp_path / "out.mkv", written("{step: out, for: archive}"))
    for stream in ("v", "a"):
        assert ffmpeg("-i", out, "-map", stream, "-f", "hash", "-") == ffmpeg(
            "-i", source, "-map", stream, "-f", "hash", "-"
        )


SCRIPT = """
import json, os, sys
from pathlib import Path
os.cpu_count = lambda: 1
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import msgspec
from artdagd.render.engine import render_pass
from artdagd.work import Delivery, RenderPass, RenderStep
for name, wanted in json.load(sys.stdin).items():
    work = RenderPass((RenderStep("s", "SEGMENT", {}, ("v",)),), {"v": sys.argv[1]}, msgspec.convert(wanted, Delivery))
    render_pass(work, Path(sys.argv[2]) / name, {}, lambda fraction: None, lambda: False)
"""


def test_bytes_do_not_depend_on_processors_or_process(source: Path, tmp_path: Path) -> None:
    """Each codec here, and in a process that has one processor and knows of no other."""
    once = tmp_path / "once"
    once.mkdir()
    wanted = json.dumps({name: msgspec.to_builtins(delivery) for name, delivery in ALL.items()})
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), str(once)], input=wanted.encode(), check=True, env={**os.environ}
    )
    for name, delivery in ALL.items():
        here = deliver(source, tmp_path / name, delivery).read_bytes()
        assert hashlib.sha256(here).digest() == hashlib.sha256((once / name).read_bytes()).digest(), name


@pytest.mark.parametrize(
    ("wish", "size", "rate"),
    [
        ("width: 128", (128, 64), 25),
        ("height: 100", (200, 100), 25),
        ("width: 100, height: 100", (100, 100), 25),
        ("width: 100, height: 100, fit: shrink", (100, 50), 25),
        ("width: 512, fit: shrink", (256, 128), 25),
        ("width: 512, height: 512, fit: cover", (512, 512), 25),
        ("fps: 30000/1001", (256, 128), Fraction(30000, 1001)),
        ("fps: 12.5, width: 64", (64, 32), Fraction(25, 2)),
    ],
)
def test_size_and_rate(source: Path, tmp_path: Path, wish: str, size: tuple[int, int], rate: Fraction) -> None:
    facts = probe(deliver(source, tmp_path / "out.mp4", written(f"{{step: out, preset: ultrafast, {wish}}}")))
    assert facts.video is not None
    assert (facts.video.width, facts.video.height, Fraction(*facts.video.fps)) == (*size, rate)
    assert abs(facts.video.duration - 1) < 1 / rate


def test_bars_are_black(source: Path, tmp_path: Path, ffmpeg: Callable[..., bytes]) -> None:
    out = deliver(source, tmp_path / "out.png", written("{step: out, format: png, width: 128, height: 128}"))
    seen = numpy.frombuffer(ffmpeg("-i", out, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"), numpy.uint8)
    rows = seen.reshape(128, 128, 3)
    assert rows[:24].max() == rows[-24:].max() == 0
    assert rows[40:60].max() > 200


def test_a_gif_plays_as_often_as_is_asked(source: Path, tmp_path: Path) -> None:
    loops = deliver(source, tmp_path / "a.gif", written("{step: out, for: gif}")).read_bytes()
    once = deliver(source, tmp_path / "b.gif", written("{step: out, for: gif, loop: false}")).read_bytes()
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in loops
    assert b"NETSCAPE2.0" not in once


def test_what_a_format_does_not_hold_is_refused(tmp_path: Path, clip: Callable[..., Path]) -> None:
    silent = clip("silent.mp4", 5)
    with pytest.raises(StepFailed, match="flac holds sound, and the result has none") as failure:
        deliver(silent, tmp_path / "out.flac", written("{step: out, format: flac}"))
    assert failure.value.code == "refused"
    assert not (tmp_path / "out.flac").exists()


@pytest.mark.parametrize("name", ["png-png", "webp-webp", "webm-vp9-opus", "gif-gif", "mp4-h264-aac", "jpg-mjpeg"])
def test_transparent_parts(source: Path, tmp_path: Path, ffmpeg: Callable[..., bytes], name: str) -> None:
    """The left half is transparent: it stays so where the format can say it, and is black where it can't."""
    delivery = ALL[name]
    video = open_source(source).video
    assert video is not None
    half = (
        Filter("format", {"pix_fmts": "gray"}),
        Filter("lut", {"c0": 255}),
        Filter("drawbox", {"w": 128, "h": 128, "color": "black", "t": "fill"}),
        Filter("format", {"pix_fmts": "gray"}),
    )
    shape = replace(video.picture, format="gray", colour=Colour(full_range=True))
    out = tmp_path / f"out.{delivery.format}"
    encode(Media(video, None, alpha=video.filtered(half, shape)), out, delivery, lambda time: None)
    decoder = ("-c:v", "libvpx-vp9") if delivery.format == "webm" else ()
    frame = ffmpeg(*decoder, "-i", out, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    seen = numpy.frombuffer(frame, numpy.uint8).reshape(128, 256, 4)
    left, right = seen[8:-8, 8:120], seen[8:-8, 136:-8]
    assert right[..., 3].min() == 255
    assert abs(right[8:40, 104:108, :3].astype(int) - 255).max() < 5, "what is opaque is as it was"
    if delivery.video_codec in ALPHA:
        assert left[..., 3].max() == 0
    else:
        assert left[..., 3].min() == 255
        assert left[..., :3].max() < 5


OVER_BLACK = ("mp4-h264-aac", "mov-prores-aac", "mkv-ffv1-opus", "jpg-mjpeg")
KEEPING = ("png-png", "webp-webp", "gif-gif", "webm-vp9-opus")


@pytest.mark.parametrize("name", [*OVER_BLACK, *KEEPING])
def test_a_transparent_picture_from_its_file_to_its_delivery(tmp_path: Path, ffmpeg: Callable[..., bytes], name: str):
    """A PNG of one orange whose left half is transparent, and the right half, but for the gif, half as opaque."""
    delivery, source, opaque = ALL[name], tmp_path / "a.png", 255 if name == "gif-gif" else 128
    picture = f"color=0xe08040:s=128x64:d=0.04,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='{opaque}*gt(X,63)'"
    ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", "1", source)
    work = RenderPass((RenderStep("s", "RESIZE", {}, ("v",)),), {"v": str(source)}, delivery)
    out = tmp_path / f"out.{delivery.format}"
    render_pass(work, out, {}, lambda fraction: None, lambda: False)
    decoder = ("-c:v", "libvpx-vp9") if delivery.format == "webm" else ()
    frame = ffmpeg(*decoder, "-i", out, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    seen = numpy.frombuffer(frame, numpy.uint8).reshape(64, 128, 4)[8:-8].astype(int)
    left, right = seen[:, 8:48].mean((0, 1)), seen[:, 80:120].mean((0, 1))
    colour = numpy.array([0xE0, 0x80, 0x40])
    if name in OVER_BLACK:
        assert left == pytest.approx([0, 0, 0, 255], abs=4)
        assert right == pytest.approx([*colour * opaque / 255, 255], abs=5)
    else:
        assert left[3] == 0
        assert right == pytest.approx([*colour, opaque], abs=5)
