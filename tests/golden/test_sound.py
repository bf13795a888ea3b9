"""Sound beside ffmpeg's own filters: samples as they are, pictures of sound by their likeness."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import av
import numpy
import pytest

from tests.pixels import psnr
from tests.sounds import read_sound, write_sound

RATE = 48_000
SHAPE = {"width": 160, "height": 90}


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.2 s in stereo: a rising tone beside noise that comes and goes."""
    time = numpy.arange(round(1.2 * RATE)) / RATE
    noise = 0.3 * numpy.random.default_rng(3).standard_normal(len(time)) * (numpy.sin(9 * time) > 0)
    tone = 0.4 * numpy.sin(2 * numpy.pi * (300 + 2000 * time) * time)
    return write_sound(tmp_path_factory.mktemp("song") / "song.wav", numpy.stack([tone, noise]))


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = 0.2 * numpy.random.default_rng(4).standard_normal((2, RATE))
    return write_sound(tmp_path_factory.mktemp("voice") / "voice.wav", samples)


def theirs(program: Callable[..., bytes], graph: str, *sources: Path) -> numpy.ndarray:
    """What ffmpeg makes of the sounds: of shape (2, samples)."""
    inputs = [word for source in sources for word in ("-i", source)]
    raw = program(*inputs, "-filter_complex", f"{graph},aformat=flt:channel_layouts=stereo", "-f", "f32le", "-")
    return numpy.frombuffer(raw, numpy.float32).reshape(-1, 2).T


def test_a_mix(program, ours, song, voice):
    config = {"gain": [-6.0, -1.5], "delay": [0.0, 0.1], "length": "longest", "limit": None}
    wanted = theirs(
        program,
        "[0]volume=-6dB:precision=float[a];[1]volume=-1.5dB:precision=float,adelay=4800S:all=1[b];"
        "[a][b]amix=inputs=2:normalize=0:duration=longest",
        song,
        voice,
    )
    made = read_sound(ours("AUDIO_MIX", config, song, voice))
    assert made.shape == wanted.shape == (2, 57_600)
    assert numpy.abs(made - wanted).max() < 1e-6


def test_a_pan(program, ours, song):
    made = read_sound(ours("AUDIO_MIX", {"pan": 0.25, "limit": None}, song))
    assert numpy.abs(made - theirs(program, "[0]pan=stereo|c0=0.75*c0|c1=c1", song)).max() < 1e-6


@pytest.mark.parametrize("curve", ["tri", "qsin", "exp", "losi"])
def test_a_fade(program, ours, song, curve):
    config = {"fade_in": 0.25, "fade_out": 0.4, "end": 1.1, "curve": curve}
    graph = f"[0]afade=t=in:d=0.25:curve={curve},afade=t=out:st=0.7:d=0.4:curve={curve}"
    assert numpy.abs(read_sound(ours("AUDIO_FADE", config, song)) - theirs(program, graph, song)).max() < 1e-6


@pytest.mark.parametrize(("target", "true_peak"), [(-23.0, -1.0), (-10.0, -3.0)])
def test_a_loudness(program, ours, song, target, true_peak):
    made = ours("LOUDNESS", {"target": target, "true_peak": true_peak}, song)
    meter = "[0]ebur128=peak=true:metadata=1,ametadata=mode=print:file=-"
    told = program("-i", made, "-filter_complex", meter, "-f", "null", "-").decode()
    loudness = float(re.findall(r"lavfi\.r128\.I=(\S+)", told)[-1])
    peaks = [float(peak) for peak in re.findall(r"lavfi\.r128\.true_peaks_ch\d=(\S+)", told)]
    highest = 20 * numpy.log10(max(peaks))
    assert highest <= true_peak + 0.05
    assert loudness <= target + 0.05
    assert loudness == pytest.approx(target, abs=0.05) or highest == pytest.approx(true_peak, abs=0.05)
    before, after = read_sound(song), read_sound(made)
    assert after.shape == before.shape
    gain = (after * before).sum() / (before * before).sum()
    assert numpy.abs(after - gain * before).max() < 1e-6


def seen(path: Path) -> numpy.ndarray:
    with av.open(str(path)) as file:
        return numpy.array([frame.reformat(format="rgb24").to_ndarray() for frame in file.decode(video=0)]).astype(int)


# ffmpeg shows what comes after a picture's time, we what is around it: so its sound comes half a window later.
SCOPES = [
    (
        *("WAVEFORM", {"mode": "cline", "colors": ["#40C0FF"]}, 1, 960),
        "showwaves=s=160x90:n=12:rate=25:mode=cline:draw=full:colors=0x40C0FF|0x40C0FF",
    ),
    (
        *("WAVEFORM", {"mode": "p2p", "split": True, "scale": "sqrt", "colors": ["#FF0000", "#00FF00"]}, 1, 960),
        "showwaves=s=160x90:n=12:rate=25:mode=p2p:draw=full:split_channels=1:scale=sqrt:colors=0xFF0000|0x00FF00",
    ),
    (
        *("SPECTRUM", {"mode": "scroll", "fps": "400/3", "speed": 266.67, "color": "magma"}, 2, 90),
        "showspectrum=s=160x90:slide=scroll:overlap=0:legend=0:scale=log:color=magma,"
        "scale=in_range=pc:in_color_matrix=bt601",
    ),
    (
        *("SPECTRUM", {"mode": "bars", "fps": "375/32", "fscale": "log"}, 1, 2048),
        "showfreqs=s=160x90:rate=375/32:win_size=4096:overlap=0:ascale=log:fscale=log:colors=white|white",
    ),
    (*("SPECTRUM", {"mode": "cqt"}, 1, 0), "showcqt=s=160x90:fps=25:bar_h=90:axis_h=0:sono_h=0:axis=0"),
]


@pytest.mark.parametrize(("kind", "config", "every", "later", "scope"), SCOPES, ids=lambda value: str(value)[:30])
def test_a_picture_of_sound(program, ours, song, kind, config, every, later, scope):
    made = seen(ours(kind, {**SHAPE, **config}, song))
    graph = f"[0]adelay={later}S:all=1,apad=pad_dur=1,{scope},format=rgb24"
    raw = program("-i", song, "-filter_complex", graph, "-frames:v", len(made) * every, "-f", "rawvideo", "-")
    wanted = numpy.frombuffer(raw, numpy.uint8).reshape(-1, 90, 160, 3)[::every].astype(int)
    likeness = [psnr(one, two) for one, two in zip(made, wanted, strict=True)]
    assert made.std() > 5
    assert min(likeness) > 35, likeness
