"""What each step type does to frames and samples."""

from __future__ import annotations

import itertools
from fractions import Fraction

import av
import numpy
import pytest

from artdagd.errors import StepFailed
from artdagd.render.analysis.audio import mono


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


@pytest.mark.parametrize("mode", ["stretch", "cut"])
@pytest.mark.parametrize("fps", [(30, 1), (25, 1), (30000, 1001)])
def test_beat_sync_maps_show_the_right_frames(clip, render, numbers, mode, fps):
    source = clip("v.mp4", 150, 30)  # D = 5 s
    bounds = [Fraction(0), Fraction("0.4"), Fraction("1.3"), Fraction("1.7"), Fraction("3.05")]
    intervals, total = len(bounds) - 1, Fraction(5)
    pieces = []
    for k, (a, b) in enumerate(itertools.pairwise(bounds)):
        s0 = k * total / intervals
        s1 = (k + 1) * total / intervals if mode == "stretch" else s0 + (b - a)
        if s1 > total:  # the video starts over within the interval
            turn = a + total - s0
            pieces.append([float(a), float(turn), float(s0), float(total)])
            a, s0, s1 = turn, Fraction(0), s1 - total
        pieces.append([float(a), float(b), float(s0), float(s1)])
    shown = numbers(render([("RETIME", {"pieces": pieces, "fps": list(fps)}, ["v"])], {"v": source}))
    rate = Fraction(*fps)
    assert len(shown) == round(bounds[-1] * rate)
    for i, number in enumerate(shown):
        t = i / rate
        k = max(n for n in range(intervals) if bounds[n] <= t)
        part = (t - bounds[k]) / (bounds[k + 1] - bounds[k])
        s = (k + part) * total / intervals if mode == "stretch" else (k * total / intervals + t - bounds[k]) % total
        # half a source frame, except where the map asks for more than the last frame
        assert abs(min(s, Fraction(149, 30)) - Fraction(number, 30)) <= Fraction(1, 60) + Fraction(1, 10**9)


def test_retime_jumps_back_and_far_ahead_with_filters_in_between(clip, render, numbers):
    source = clip("v.mp4", 200, 25, gop=10)
    pieces = [[0, 0.2, 7.0, 7.2], [0.2, 0.4, 0.48, 0.68], [0.4, 0.6, 6.0, 5.8]]
    steps = [("RESIZE", {"width": 480, "height": 128}, ["v"]), ("RETIME", {"pieces": pieces, "fps": (25, 1)}, ["s0"])]
    assert numbers(render(steps, {"v": source})) == [
        *range(175, 180),
        *range(12, 17),
        *range(150, 145, -1),
    ]


@pytest.mark.parametrize(("name", "codec"), [("a.ts", "libx264"), ("a.ts", "mpeg2video"), ("a.mpg", "mpeg2video")])
def test_retime_finds_its_frames_in_broadcast_files_which_have_no_index(tmp_path, clip, render, numbers, name, codec):
    stream, source = tmp_path / name, clip("a.mp4", 100, 25)
    with av.open(str(source)) as pictures, av.open(str(stream), "w") as target:
        video = target.add_stream(codec, rate=25, options={"b": "2M", "bf": "2", "sc_threshold": "1000000000"})
        video.width, video.height, video.pix_fmt, video.codec_context.gop_size = 240, 64, "yuv420p", 40
        for frame in pictures.decode(video=0):
            frame.pict_type = 0
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
    starts = [90, 45, 83, 10, 60, 95, 41, 0, 79]  # each is behind or far before the one that was shown
    pieces = [[n / 5, (n + 1) / 5, start / 25, start / 25 + 0.2] for n, start in enumerate(starts)]
    shown = numbers(render([("RETIME", {"pieces": pieces, "fps": (25, 1)}, ["v"])], {"v": stream}))
    assert shown == [start + i for start in starts for i in range(5)]


def test_segment_is_exact_in_frames_and_samples(clip, render, numbers, length):
    source = clip("a.mkv", 90, 30, samples=144_000, audio_codec="pcm_s16le")
    out = render([("SEGMENT", {"start": 0.5, "duration": 1.2}, ["a"])], {"a": source}, lossless=True)
    assert numbers(out) == list(range(15, 51))
    assert len(mono(out, 48000)) == 57_600
    assert numpy.array_equal(mono(out, 48000), mono(source, 48000)[24_000:81_600])
    delivered = render([("SEGMENT", {"start": 0.5, "duration": 1.2}, ["a"])], {"a": source})
    assert length(delivered) == (36, 57_600)
    assert len(mono(delivered, 48000)) == 57_600


def test_segment_after_the_sounds_end_is_silent(clip, render, length):
    source = clip("a.mp4", 90, 30, samples=48_000)
    out = render([("SEGMENT", {"start": 2}, ["a"])], {"a": source})
    assert length(out) == (30, 48_000)
    assert numpy.abs(mono(out, 48000)).max() < 1e-3


def test_segment_beyond_the_end_says_so(clip, render):
    with pytest.raises(StepFailed, match=r"s0.*starts at 9 s.*lasts 1\.000 s") as failure:
        render([("SEGMENT", {"start": 9}, ["a"])], {"a": clip("a.mp4", 30)})
    assert failure.value.code == "refused"


@pytest.mark.parametrize(("factor", "keep"), [(2, True), (0.3, True), (1.5, False), (5, True)])
def test_speed_divides_both_lengths(clip, render, numbers, length, factor, keep):
    source = clip("a.mp4", 60, 30, samples=96_000)
    out = render([("SPEED", {"factor": factor, "keep_pitch": keep}, ["a"])], {"a": source})
    exact = Fraction(str(factor))
    assert length(out) == (half_up(60 / exact), half_up(96_000 / exact))
    shown = numbers(out)
    assert all(abs(number - i * exact) <= Fraction(1, 2) for i, number in enumerate(shown) if i * exact <= 59)


@pytest.mark.parametrize(("keep", "pitch"), [(True, 440), (False, 880)])
def test_speed_keeps_the_pitch_or_not(clip, render, keep, pitch):
    source = clip("a.wav", samples=96_000, audio_codec="pcm_s16le")
    out = render([("SPEED", {"factor": 2, "keep_pitch": keep}, ["a"])], {"a": source}, lossless=True)
    wave = mono(out, 48000)
    spectrum = numpy.abs(numpy.fft.rfft(wave[8000:40000]))
    assert abs(int(spectrum.argmax()) * 48000 / 32000 - pitch) < 5


@pytest.mark.parametrize("factor", [0.3333, 0.7, 1.2345, 3.3])
def test_a_turntable_stays_in_time_to_the_sample(tmp_path, render, factor):
    rate, seconds = 8000, 90
    samples = numpy.zeros((1, seconds * rate), numpy.int16)
    samples[0, [round(time * rate) for time in (0.5, 20.25, 60, 89.5)]] = 30_000
    source = tmp_path / "impulses.wav"
    with av.open(str(source), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate = rate
        file.mux(stream.encode(frame))
    out = mono(render([("SPEED", {"factor": factor, "keep_pitch": False}, ["a"])], {"a": source}, lossless=True), rate)
    for time in (0.5, 20.25, 60, 89.5):
        wanted = time * rate / factor
        around = out[int(wanted) - 400 : int(wanted) + 400]
        assert abs(int(numpy.abs(around).argmax()) - 400 - wanted % 1) <= 1


def test_sequence_keeps_order_lengths_and_the_first_clips_shape(clip, render, numbers, length):
    a = clip("a.mp4", 30, 30, samples=40_000)  # sound shorter than its picture
    b = clip("b.mp4", 25, 25, (480, 128), base=100)  # other size and rate, no sound
    c = clip("c.mp4", 15, 30, samples=60_000, rate=44100, base=200)  # sound longer than its picture
    out = render([("SEQUENCE", {}, ["a", "b", "c"])], {"a": a, "b": b, "c": c})
    shown = numbers(out)
    assert length(out) == (75, 120_000)
    assert shown[:30] == list(range(30))
    assert shown[60:] == list(range(200, 215))
    assert all(abs((n - 100) / 25 - i / 30) <= 0.5 / 25 + 1e-9 for i, n in enumerate(shown[30:60]) if n < 124)
    with av.open(str(out)) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (240, 64)
    wave = numpy.abs(mono(out, 48000))
    assert wave[:39_000].max() > 0.4
    assert wave[42_000:94_000].max() < 0.01
    assert wave[98_000:118_000].max() > 0.4


def test_the_same_source_twice_in_one_pass(clip, render, numbers):
    a = clip("a.mp4", 40, 30)
    steps = [
        ("SEGMENT", {"start": 1}, ["a"]),
        ("SEGMENT", {"end": 0.5}, ["a"]),
        ("SEQUENCE", {}, ["s0", "s1", "a"]),
    ]
    assert numbers(render(steps, {"a": a})) == [*range(30, 40), *range(15), *range(40)]


@pytest.mark.parametrize(
    ("mode", "video", "audio", "frames", "samples"),
    [
        ("audio", 30, 96_000, 60, 96_000),
        ("audio", 90, 50_001, 31, 50_001),
        ("video", 30, 96_000, 30, 48_000),
        ("video", 90, 48_000, 90, 144_000),
        ("shortest", 30, 96_000, 30, 48_000),
        ("shortest", 90, 48_000, 30, 48_000),
    ],
)
def test_mux_lengths(clip, render, numbers, length, mode, video, audio, frames, samples):
    v, a = clip("v.mp4", video, 30), clip("a.wav", samples=audio, audio_codec="pcm_s16le")
    out = render([("MUX", {"length": mode}, ["v", "a"])], {"v": v, "a": a})
    assert length(out) == (frames, samples)
    assert numbers(out) == [min(i, video - 1) for i in range(frames)]


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({"width": 120}, (120, 32)),
        ({"height": 33}, (124, 34)),
        ({"width": 100, "height": 100}, (100, 100)),
        ({"width": 101, "height": 99, "fit": "cover"}, (102, 100)),
        ({"width": 60, "height": 120, "fit": "stretch"}, (60, 120)),
    ],
)
def test_resize_gives_even_sizes(clip, render, config, size):
    out = render([("RESIZE", config, ["a"])], {"a": clip("a.mp4", 3)})
    with av.open(str(out)) as file:
        context = file.streams.video[0].codec_context
        assert (context.width, context.height) == size
        assert context.sample_aspect_ratio in (None, 1)


def test_contain_puts_black_around_the_picture(clip, render):
    white = clip("a.mp4", 3, base=4095)
    out = render([("RESIZE", {"width": 240, "height": 240}, ["a"])], {"a": white}, lossless=True)
    with av.open(str(out)) as file:
        luma = next(file.decode(video=0)).to_ndarray()[:240]
    assert luma[:84].max() < 20
    assert luma[92:148].min() > 230
    assert luma[156:].max() < 20


def test_variable_rate_and_late_start_become_even_and_start_at_zero(clip, render, numbers):
    times = [2 + Fraction(i, 30) for i in (0, 1, 2, 6, 7, 8, 9)]  # a gap of three frames, first picture at 2 s
    source = clip("a.mp4", 7, 30, times=times)
    out = render([("RETIME", {"pieces": [[0, 10 / 30, 0, 10 / 30]], "fps": (30, 1)}, ["a"])], {"a": source})
    assert numbers(out) == [0, 1, 2, 2, 2, 2, 3, 4, 5, 6]


def test_webm_like_millisecond_times_keep_their_rate(clip, render, numbers):
    source = clip("a.mkv", 60, Fraction(30000, 1001))
    out = render([("SEGMENT", {}, ["a"])], {"a": source})
    assert numbers(out) == list(range(60))
    with av.open(str(out)) as file:
        assert file.streams.video[0].average_rate == Fraction(30000, 1001)


def test_the_colour_of_untagged_footage_outlives_a_change_of_size(tmp_path, render):
    """Untagged, the same numbers are another colour in HD (BT.709) than below it (BT.601)."""
    red = numpy.full((720, 1280, 3), (200, 40, 40), numpy.uint8)
    sources = {}
    for name, size, matrix in (("hd", (1280, 720), "ITU709"), ("sd", (320, 180), "ITU601")):
        sources[name] = tmp_path / f"{name}.mp4"
        frame = av.VideoFrame.from_ndarray(red[: size[1], : size[0]].copy(), "rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=matrix)
        frame.colorspace = 2
        with av.open(str(sources[name]), "w") as file:
            stream = file.add_stream("libx264", rate=25, options={"crf": "4", "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for _ in range(2):
                frame.pts = None
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    joined = {
        name: [("SEQUENCE", {"width": 320, "height": 180}, order)]
        for name, order in (("hd", ["hd", "sd"]), ("sd", ["sd", "hd"]))
    }
    for first, steps in joined.items():
        with av.open(str(render(steps, sources))) as file:
            frames = list(file.decode(video=0))
        assert {int(frame.colorspace) for frame in frames} == {1 if first == "hd" else 5}
        for frame in frames:
            shown = frame.reformat(format="rgb24").to_ndarray()[90, 160].astype(int)
            assert numpy.abs(shown - (200, 40, 40)).max() <= 6
