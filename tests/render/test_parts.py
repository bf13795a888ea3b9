"""A result that is rendered in parts and put together is the one that is rendered in one piece."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import msgspec
import numpy
import pytest
from pixels import plane, psnr, ssim

from artdagd.delivery import Delivery
from artdagd.errors import StepFailed
from artdagd.render.engine import Cancelled, render_pass
from artdagd.render.reading.sound import decode
from artdagd.work import Extent, Join, Part, RenderPass, RenderStep

RATE = (30_000, 1001)
FRAMES = 75
BOUNDS = (0, 16, 45, None)
STEPS = (RenderStep("wide", "RESIZE", {"width": 300, "height": 80, "fit": "stretch"}, ("a",)),)
EXTENTS = {"a": Extent(FRAMES, RATE, 240, 64), "wide": Extent(FRAMES, RATE, 300, 80)}

DELIVERIES = {
    "mp4": Delivery(preset="ultrafast"),
    "mkv": Delivery(format="mkv", preset="ultrafast", audio_codec="opus", audio_bitrate=96_000),
    "mov": Delivery(format="mov", preset="veryfast", audio_codec="pcm_s16le", audio_bitrate=None),
    "h265": Delivery(video_codec="h265", crf=24, preset="ultrafast"),
    "prores": Delivery(format="mov", video_codec="prores", crf=None, preset=None, profile="lt"),
    "ffv1": Delivery(
        format="mkv", video_codec="ffv1", crf=None, preset=None, audio_codec="flac", audio_bitrate=None
    ),
}  # fmt: skip


def rendered(work: RenderPass, path):
    render_pass(work, path, {}, lambda fraction: None, lambda: False)
    return path


def pictures_of(delivery: Delivery) -> Delivery:
    inside = "mp4" if delivery.video_codec in ("h264", "h265") else delivery.format
    return msgspec.structs.replace(delivery, format=inside, audio_codec=None, audio_bitrate=None)


def in_parts(delivery: Delivery, source, folder, *, bounds=BOUNDS, steps=STEPS, extents=EXTENTS):
    """The joined file and its parts."""
    made = {}
    for first, last in pairwise(bounds):
        alone, part = pictures_of(delivery), Part("picture", first, last, extents)
        work = RenderPass(steps, {"a": str(source)}, alone, part)
        made[f"from-{first}"] = str(rendered(work, folder / f"part-{first}.{alone.format}"))
    names = tuple(made)
    sound = RenderPass(steps, {"a": str(source)}, delivery, Part("sound", extents=extents))
    made["sound"] = str(rendered(sound, folder / f"sound.{delivery.format}"))
    counts = tuple(None if last is None else last - first for first, last in pairwise(bounds))
    work = RenderPass((), made, delivery, join=Join(names, counts, RATE, "sound"))
    return rendered(work, folder / f"joined.{delivery.format}"), made


def seen(path) -> list[tuple[Fraction, numpy.ndarray]]:
    with av.open(str(path)) as file:
        return [(frame.pts * frame.time_base, plane(frame)) for frame in file.decode(video=0)]


def heard(path) -> numpy.ndarray:
    return numpy.concatenate([frame.to_ndarray() for frame in decode(path)], axis=1)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "mp4" else pytest.mark.slow) for name in DELIVERIES]
)
def test_the_joined_file_shows_and_sounds_as_the_one_piece_does(name, clip, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE), samples=120_120 - 777)
    delivery = DELIVERIES[name]
    whole = rendered(RenderPass(STEPS, {"a": str(source)}, delivery), tmp_path / f"whole.{delivery.format}")
    joined, _ = in_parts(delivery, source, tmp_path)
    one, other = seen(whole), seen(joined)
    assert [time for time, _ in other] == [time for time, _ in one]
    assert len(other) == FRAMES
    apart = [psnr(a, b) for (_, a), (_, b) in zip(one, other, strict=True)]
    assert min(apart) > 35
    beside_joins = [place for bound in BOUNDS[1:-1] for place in (bound - 1, bound)]
    assert min(ssim(one[place][1], other[place][1]) for place in beside_joins) > 0.998
    at_joins = [apart[place] for place in beside_joins]
    assert min(at_joins) > min(40, sorted(apart)[FRAMES // 10] - 1)  # as good as the others
    assert numpy.array_equal(heard(whole), heard(joined))


def test_no_frame_is_lost_repeated_or_misplaced(clip, numbers, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE), samples=48_000)
    joined, _ = in_parts(DELIVERIES["mp4"], source, tmp_path, bounds=(0, 1, 2, 30, 31, 74, None))
    assert numbers(joined) == list(range(FRAMES))


def test_a_joined_file_begins_with_its_index_and_has_evenly_spaced_packets(clip, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE), samples=48_000)
    joined, _ = in_parts(DELIVERIES["mov"], source, tmp_path)
    data = joined.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")
    with av.open(str(joined)) as file:
        track = file.streams.video[0]
        packets = [packet for packet in file.demux(track) if packet.size]
        step = 1 / Fraction(*RATE) / track.time_base
        assert {b.dts - a.dts for a, b in pairwise(packets)} == {step}
        assert all(packet.pts >= packet.dts for packet in packets)
        keys = {round(packet.pts / step) for packet in packets if packet.is_keyframe}
    assert set(BOUNDS[:-1]) <= keys


def test_the_same_part_has_the_same_bytes_every_time(clip, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE), samples=48_000)
    digests = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        joined, made = in_parts(DELIVERIES["mp4"], source, folder)
        files = [joined, *made.values()]
        digests.append([hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]


def test_a_part_opens_nothing_that_it_does_not_read(clip, tmp_path, numbers):
    """Of three clips the first gives the shape; the third is nowhere to be found."""
    sources = {name: str(clip(f"{name}.mp4", 60, 30, base=base)) for name, base in (("a", 0), ("b", 100))}
    extents = {name: Extent(60, (30, 1), 240, 64) for name in "abc"} | {"all": Extent(180, (30, 1), 240, 64)}
    steps = (RenderStep("all", "SEQUENCE", {}, ("a", "b", "c")),)
    work = RenderPass(steps, sources, pictures_of(Delivery()), Part("picture", 70, 120, extents))
    assert numbers(rendered(work, tmp_path / "part.mp4")) == list(range(110, 160))
    ahead = (*steps, RenderStep("turned", "TRANSFORM", {"x": 0.5}, ("all",)))  # its threads look ahead
    ended = Part("picture", 100, 120, extents | {"turned": extents["all"]}, {"all": 120})
    rendered(msgspec.structs.replace(work, steps=ahead, part=ended), tmp_path / "ahead.mp4")
    beyond = msgspec.structs.replace(work, part=Part("picture", 110, 130, extents))
    with pytest.raises(StepFailed, match="'c' is read, and this part was to read none"):
        rendered(beyond, tmp_path / "beyond.mp4")
    assert not (tmp_path / "beyond.mp4").exists()


def test_parts_that_do_not_go_together_are_refused(clip, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE), samples=48_000)
    _, made = in_parts(DELIVERIES["mp4"], source, tmp_path)
    other = RenderPass(STEPS, {"a": str(source)}, pictures_of(Delivery(preset="slow")), Part("picture", 16, 45))
    mixed = {**made, "from-16": str(rendered(other, tmp_path / "other.mp4"))}
    join = Join(("from-0", "from-16", "from-45"), (16, 29, None), RATE)
    for sources, work, why in (
        (mixed, join, "encoded otherwise"),
        (made, msgspec.structs.replace(join, frames=(15, 29, None)), "it has 16 frames, and 15 were asked for"),
    ):
        with pytest.raises(StepFailed, match=why) as caught:
            rendered(RenderPass((), sources, Delivery(), join=work), tmp_path / "wrong.mp4")
        assert caught.value.code == "refused"
        assert not (tmp_path / "wrong.mp4").exists()


def test_a_part_beyond_the_end_is_refused(clip, tmp_path):
    source = clip("a.mp4", 30, 30)
    work = RenderPass(STEPS, {"a": str(source)}, pictures_of(Delivery()), Part("picture", 30, None))
    with pytest.raises(StepFailed, match="30 frames, and planning found more"):
        rendered(work, tmp_path / "part.mp4")


def test_joining_stops_when_nobody_wants_it(clip, tmp_path):
    source = clip("a.mp4", FRAMES, Fraction(*RATE))
    part = RenderPass(STEPS, {"a": str(source)}, pictures_of(Delivery()), Part("picture", 0, None, EXTENTS))
    made = {"p": str(rendered(part, tmp_path / "part.mp4"))}
    work = RenderPass((), made, Delivery(), join=Join(("p",), (None,), RATE))
    with pytest.raises(Cancelled):
        render_pass(work, tmp_path / "o.mp4", {}, lambda fraction: None, lambda: True)
    assert not (tmp_path / "o.mp4").exists()
