"""Mixing and fading, to the sample."""

from __future__ import annotations

import av
import numpy
import pytest

from tests.sounds import impulses, read_sound, write_sound

RATE = 48_000


@pytest.fixture
def mix(render, tmp_path):
    """``mix(config, array, …)``: the samples of the mix; a path is taken as it is."""

    def run(config, *sounds, kind="AUDIO_MIX"):
        sources = {
            f"i{n}": write_sound(tmp_path / f"i{n}.wav", sound) if isinstance(sound, numpy.ndarray) else sound
            for n, sound in enumerate(sounds)
        }
        return read_sound(render([(kind, config, list(sources))], sources, lossless=True))

    return run


def test_impulses_stand_where_they_are_put_at_their_gain(mix):
    one, two = impulses([0, 700, 4799], 4800), impulses([1, 2400], 4800, 0.25)
    out = mix({"gain": [0.0, -6.0205999132796], "delay": [0.0, 0.01]}, one, two)
    wanted = one.copy()
    wanted[[481, 2880]] += 0.125
    assert out.shape == (1, 4800)
    assert numpy.allclose(out[0], wanted, atol=1e-7)


def test_a_single_input_at_no_gain_is_what_it_was(mix):
    noise = numpy.random.default_rng(1).uniform(-1, 1, (2, 10_001)).astype(numpy.float32)
    assert numpy.array_equal(mix({}, noise), noise)


@pytest.mark.parametrize(("length", "samples"), [("first", 1000), ("longest", 2480), ("shortest", 500)])
def test_lengths(mix, length, samples):
    config = {"length": length, "delay": [0.0, 0.01, 0.0]}
    assert mix(config, impulses([0], 1000), impulses([0], 2000), impulses([0], 500)).shape == (1, samples)


def test_mono_beside_stereo_and_other_rates_keep_their_level(mix, tmp_path):
    tone = 0.5 * numpy.sin(numpy.arange(4410) * 2 * numpy.pi * 441 / 44100)
    mono = write_sound(tmp_path / "mono.wav", tone, 44100)
    out = mix({}, numpy.zeros((2, 4800), numpy.float32), mono)
    assert out.shape == (2, 4800)
    assert numpy.array_equal(out[0], out[1])
    assert numpy.abs(out).max() == pytest.approx(0.5, abs=0.003)


def test_a_mono_clip_is_as_loud_in_a_sequence_with_a_stereo_one(mix):
    out = mix({}, numpy.full((2, 100), 0.25), numpy.full(100, 0.5), kind="SEQUENCE")
    assert (out[:, :100] == 0.25).all()
    assert (out[:, 100:] == 0.5).all()


def test_pan_turns_the_far_side_down(mix):
    out = mix({"pan": [-1.0, 0.5]}, impulses([10], 100), impulses([20], 100))
    assert (out[0, 10], out[1, 10]) == (0.5, 0.0)
    assert (out[0, 20], out[1, 20]) == (0.25, 0.5)


def test_gain_and_pan_move(mix):
    ones = numpy.full((2, 24_000), 0.5, numpy.float32)
    swept = mix({"pan": [{"keyframes": [[0.0, -1.0, "linear"], [0.5, 1.0, "linear"]]}]}, ones)
    at = numpy.arange(24_000) / 24_000 * 2 - 1
    assert numpy.allclose(swept[0], 0.5 * numpy.minimum(1, 1 - at), atol=1e-6)
    assert numpy.allclose(swept[1], 0.5 * numpy.minimum(1, 1 + at), atol=1e-6)
    faded = mix({"gain": {"keyframes": [[0.1, 0.0, "linear"], [0.4, -24.0, "linear"]]}}, ones)[0]
    db = numpy.clip((numpy.arange(24_000) / RATE - 0.1) / 0.3, 0, 1) * -24
    assert numpy.allclose(faded, 0.5 * 10 ** (db / 20), atol=2e-4)
    assert (faded[:4800] == 0.5).all()


def test_a_sum_above_full_scale_is_limited_and_nothing_else_is_touched(mix):
    tone = 0.8 * numpy.sin(numpy.arange(48_000) * 0.05).astype(numpy.float32)
    tone[:24_000] *= 0.5
    out, free = mix({}, tone, tone)[0], mix({"limit": None}, tone, tone)[0]
    assert free.max() == pytest.approx(1.6, abs=0.01)
    assert numpy.abs(out).max() <= 1.0
    full = numpy.abs(out) == 1.0
    assert not (full[1:] & full[:-1]).any(), "the gain is down before the peak comes, so that no top is flat"
    quiet = 24_000 - RATE // 100
    assert numpy.array_equal(out[:quiet], free[:quiet])
    ratio = out[24_500:] / numpy.where(numpy.abs(free[24_500:]) < 0.1, numpy.nan, free[24_500:])
    assert numpy.nanstd(ratio) < 0.01, "turned down as a whole, not clipped"


def test_a_voice_ducks_the_music(mix):
    music = 0.2 * numpy.sin(numpy.arange(96_000) * 0.1)
    voice = numpy.zeros(96_000)
    voice[24_000:48_000] = 0.5 * numpy.sin(numpy.arange(24_000) * 0.37)
    duck = {"by": 1, "threshold": -26.0, "ratio": 4.0, "attack": 0.02, "release": 0.1}
    under = mix({"duck": duck}, music, voice)[0] - voice
    level = [numpy.abs(under[a : a + 960]).max() for a in (20_000, 40_000, 90_000)]
    down = 20 * numpy.log10(0.5 / 10 ** (-26 / 20)) * 0.75
    assert level[0] == pytest.approx(0.2, abs=1e-3)
    assert level[1] == pytest.approx(0.2 * 10 ** (-down / 20), rel=0.02)
    assert level[2] == pytest.approx(0.2, rel=0.02)


def test_music_goes_under_a_clip_and_the_picture_stays(clip, render, numbers, length, tmp_path):
    film = clip("film.mp4", 20, 25, samples=30_000)
    music = write_sound(tmp_path / "music.wav", 0.1 * numpy.ones((2, 96_000)))
    steps = [("AUDIO_MIX", {"gain": [-120.0, 0.0]}, ["film", "music"])]
    out = render(steps, {"film": film, "music": music}, lossless=True)
    assert length(out)[0] == 20
    assert numbers(out) == list(range(20))
    assert numpy.allclose(read_sound(out), numpy.full((2, 38_400), 0.1), atol=1e-6)
    long = render([("AUDIO_MIX", {"length": "longest"}, ["film", "music"])], {"film": film, "music": music})
    assert length(long) == (50, 96_000)
    mute = render(steps, {"film": clip("mute.mp4", 20, 25), "music": music}, lossless=True)
    assert numpy.allclose(read_sound(mute), numpy.full((2, 38_400), 0.1), atol=1e-6)


def test_fades(mix):
    ones = numpy.ones(4800, numpy.float32)
    out = mix({"fade_in": 0.02, "fade_out": 0.05}, ones, kind="AUDIO_FADE")[0]
    wanted = ones.copy()
    wanted[:960] = numpy.arange(960) / 960
    wanted[2400:] = 1 - numpy.arange(2400) / 2400
    assert numpy.allclose(out, wanted, atol=1e-6)
    inner = mix({"start": 0.01, "end": 0.08, "fade_in": 0.01, "curve": "qsin"}, ones, kind="AUDIO_FADE")[0]
    assert not inner[:480].any()
    assert inner[720] == pytest.approx(numpy.sin(numpy.pi / 4), abs=1e-4)
    assert (inner[960:3840] == 1).all()
    assert not inner[3842:].any()


def test_a_fade_that_is_longer_than_the_sound_still_ends_with_it(mix):
    out = mix({"fade_out": 1.0}, numpy.ones(4800, numpy.float32), kind="AUDIO_FADE")[0]
    assert numpy.allclose(out, 1 - numpy.arange(4800) / 4800, atol=1e-6)


def test_a_fade_after_a_cut_begins_with_the_cut(render, tmp_path):
    source = write_sound(tmp_path / "a.wav", numpy.ones(9600))
    steps = [("SEGMENT", {"start": 0.05}, ["a"]), ("AUDIO_FADE", {"fade_in": 0.05, "fade_out": 0.02}, ["s0"])]
    out = read_sound(render(steps, {"a": source}, lossless=True))[0]
    assert numpy.allclose(out[:2400], numpy.arange(2400) / 2400, atol=1e-6)
    assert (out[2400:6240] == 1).all()
    assert out[-1] == pytest.approx(1 / 960, abs=1e-6)


def test_delivered_once_and_as_long(render, tmp_path):
    sound = write_sound(tmp_path / "a.wav", numpy.zeros(12_345))
    with av.open(str(render([("AUDIO_FADE", {"fade_in": 0.1}, ["a"])], {"a": sound}))) as file:
        stream = file.streams.audio[0]
        assert round(stream.duration * stream.time_base * stream.rate) == 12_345


def test_impulses_keep_their_places_through_a_chain_in_one_pass_or_in_many(render, tmp_path):
    rate = 44_100
    train = impulses(list(range(0, 30_000, 997)), 30_001, 0.5)
    source = write_sound(tmp_path / "a.wav", train, rate)
    chain = [
        ("SEGMENT", {"start": 0.1, "duration": 0.3}, ["a"]),
        ("SEQUENCE", {}, ["s0", "a", "s0"]),
        ("AUDIO_MIX", {"gain": [0.0, -6.0205999132796239], "delay": [0.01, 0.25]}, ["s1", "a"]),
        ("AUDIO_FADE", {"fade_out": 0.5}, ["s2"]),
        ("SEGMENT", {"start": 0.2}, ["s3"]),
    ]
    part = train[4410 : 4410 + 13_230]
    mixed = numpy.concatenate([numpy.zeros(441), part, train, part])
    mixed[11_025 : 11_025 + 30_001] += train * 0.5
    down = len(mixed) - 22_050
    mixed[down:] *= 1 - numpy.arange(22_050) / 22_050
    fused = read_sound(render(chain, {"a": source}, lossless=True))[0]
    assert numpy.allclose(fused, mixed[8820:], atol=1e-7)
    kept = {"a": source}
    for number, (kind, config, inputs) in enumerate(chain):
        made = render([(kind, config, inputs)], {name: kept[name] for name in inputs}, lossless=True)
        kept[f"s{number}"] = made
    assert numpy.array_equal(read_sound(kept["s4"])[0], fused)


BEFORE = {
    "a part": ("SEGMENT", {"start": 0.0713, "end": 0.6}),
    "a part of another speed": ("SPEED", {"factor": 1.3, "keep_pitch": False}),
    "two parts": ("SEQUENCE", {"transition": {"type": "crossfade", "duration": 0.05}}),
}
AFTER = {
    "fades": ("AUDIO_FADE", {"start": 0.03, "fade_in": 0.1, "end": 0.4, "fade_out": 0.2, "curve": "qsin"}),
    "a mix": ("AUDIO_MIX", {"gain": {"keyframes": [[0.0, -20.0, "linear"], [0.3, 0.0, "linear"]]}, "delay": [0.0, 0.07],
                            "duck": {"by": 0, "threshold": -24.0, "ratio": 4.0, "attack": 0.01, "release": 0.1},
                            "limit": -6.0}),
    "loudness": ("LOUDNESS", {"target": -30.0}),
    "speed": ("SPEED", {"factor": 0.8}),
    "speed and pitch": ("SPEED", {"factor": 0.8, "keep_pitch": False}),
    "a part": ("SEGMENT", {"start": 0.1, "end": 0.4}),
    "reversed": ("REVERSE", {}),
    "a loop": ("LOOP", {"count": 2}),
    "a crossfade": ("SEQUENCE", {"transition": {"type": "crossfade", "duration": 0.1}}),
}  # fmt: skip


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_a_sound_is_the_same_in_one_graph_and_in_two_passes(render, tmp_path, before, after):
    """Filters that count time or samples begin with what they get, wherever in the file that was cut."""
    noise = 0.4 * numpy.random.default_rng(2).standard_normal((2, 40_001)).clip(-2, 2)
    source = write_sound(tmp_path / "a.wav", noise)

    def step(kind_and_config, name):
        return (*kind_and_config, [name] * (2 if kind_and_config[0] in ("SEQUENCE", "AUDIO_MIX") else 1))

    whole = read_sound(render([step(before, "a"), step(after, "s0")], {"a": source}, lossless=True))
    first = render([step(before, "a")], {"a": source}, lossless=True)
    apart = read_sound(render([step(after, "b")], {"b": first}, lossless=True))
    assert numpy.array_equal(whole, apart)
    assert numpy.abs(whole).max() > 0.01
