"""Effects whose parameters move, and effects that are Python functions: through the engine, to the pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any

import av
import msgspec
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artdagd.errors import StepFailed
from artdagd.hooks import Effect, Filter, Moment, VideoFormat
from artdagd.render.steps.effect import lower
from artdagd.render.streams import Colour, Media, Picture, VideoStream

SHAPE = Picture(32, 18, "yuv420p", Fraction(25), Colour(5))
COUNT = 9


class Config(msgspec.Struct, frozen=True):
    amount: float = 0.0
    step: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0


def effect(name: str = "test", **fields: Any) -> Effect:
    return Effect(name=name, version="1", description="", config=Config, **fields)


def stream(picture: Picture = SHAPE, count: int = COUNT) -> VideoStream:
    random = numpy.random.default_rng(1)
    frames = []
    for _ in range(count):
        frame = av.VideoFrame(picture.width, picture.height, picture.format)
        for plane in frame.planes:
            plane.update(random.integers(16, 235, plane.buffer_size, numpy.uint8).tobytes())
        frame.colorspace, frame.color_range = picture.colour.space, 2 if picture.colour.full_range else 1
        frames.append(frame)
    return VideoStream(picture, count, picture, lambda start: iter(frames[start:]), lambda start: 0)


def after(one: Effect, config: dict[str, Any], media: Media | None = None) -> Media:
    return lower({"effect": one.name, **config}, [media or Media(stream(), None)], {one.name: one})


def pixels(video: VideoStream | None, start: int = 0) -> list[bytes]:
    assert video is not None
    return [frame.to_ndarray().tobytes() for frame in video.frames(start)]


BLUR = effect(build=lambda config, video: [Filter("gblur", {"sigma": config.amount, "steps": 1 + config.step})])
HUE = effect(build=lambda config, video: [Filter("hue", {"h": config.amount, "s": config.step})])
TRAILS = effect(build=lambda config, video: [Filter("lagfun", {"decay": config.amount})])
BOTH = [BLUR, HUE]


def brighter(video: VideoFormat) -> Callable[..., Any]:
    def painted(planes: Any, moment: Moment) -> Any:
        light, *chroma = planes
        return numpy.clip(light.astype(int) + round(moment.config.amount) + moment.config.step, 0, 255).astype(
            numpy.uint8
        ), *chroma

    return painted


PAINTED = effect(paint=brighter, pixels="yuv", remembers=False)

RAMP = {"keyframes": [[0.0, 0.0, "linear"], [0.2, 5.0, "in"], [0.3, 1.0, "hold"]]}
PULSE = {"pulses": [0.04, 0.21], "rest": 1.0, "peak": 6.0, "attack": 0.0, "decay": 0.1}


@pytest.mark.parametrize("one", [BLUR, HUE, PAINTED], ids=["built", "told", "painted"])
@given(amount=st.floats(0, 8), step=st.integers(0, 4))
@settings(max_examples=8)
def test_a_curve_that_stays_gives_the_bytes_of_a_number(one: Effect, amount: float, step: int) -> None:
    still = pixels(after(one, {"amount": amount, "step": step}).video)
    constant = {"amount": {"keyframes": [[0.0, amount, "linear"]]}, "step": {"values": [step], "hop": 1.0, "start": 0}}
    assert pixels(after(one, constant).video) == still


@pytest.mark.parametrize("curve", [RAMP, PULSE], ids=["ramp", "pulses"])
@pytest.mark.parametrize("one", [BLUR, HUE, PAINTED], ids=["built", "told", "painted"])
def test_a_reading_may_begin_anywhere(one: Effect, curve: dict[str, Any]) -> None:
    video = after(one, {"amount": curve, "step": RAMP}).video
    whole = pixels(video)
    assert len(whole) == COUNT
    assert [pixels(video, start) for start in (1, 4, 8)] == [whole[1:], whole[4:], whole[8:]]


def test_each_frame_has_the_value_of_its_time_and_whole_numbers_are_the_nearest() -> None:
    seen: list[Config] = []

    def build(config: Config, video: VideoFormat) -> list[Filter]:
        seen.append(config)
        return [Filter("hue", {"h": config.amount})]

    line = {"keyframes": [[0.0, 0.0, "linear"], [0.32, 4.0, "linear"]]}
    moved = pixels(after(effect(build=build), {"amount": line, "step": line}).video)
    assert {round(config.amount * 2): config.step for config in seen} == dict(enumerate((0, 1, 1, 2, 2, 3, 3, 4, 4)))
    for number in range(COUNT):
        assert pixels(after(HUE, {"amount": number / 2, "step": 1}).video)[number] == moved[number]


def test_a_memory_goes_on_where_a_value_moves() -> None:
    moved = after(TRAILS, {"amount": {"keyframes": [[0.0, 0.9, "linear"], [0.2, 0.5, "hold"]]}}).video
    assert moved is not None
    whole = pixels(moved)
    assert whole[:5] == pixels(after(TRAILS, {"amount": 0.9}).video)[:5]
    assert whole[5] != pixels(after(TRAILS, {"amount": 0.5}).video)[5], "what was there before is still to be seen"
    assert pixels(moved, 6) == whole[6:]
    mixed = effect(build=lambda config, video: [Filter("tmix", {"frames": 1 + config.step})])
    with pytest.raises(StepFailed, match="remembers earlier frames"):
        pixels(after(mixed, {"step": {"keyframes": [[0.0, 1.0, "linear"], [0.3, 5.0, "linear"]]}}).video)


@pytest.mark.parametrize("kind", ["rgb24", "gray", "gbrp", "yuv444p", "yuv"])
def test_a_painter_gets_pictures_as_it_asks_for(kind: Any) -> None:
    shapes = {"rgb24": (18, 32, 3), "gray": (18, 32)}
    moments: list[Moment] = []

    def paint(video: VideoFormat) -> Callable[..., Any]:
        assert (video.width, video.height, video.fps) == (32, 18, 25)

        def same(picture: Any, moment: Moment) -> Any:
            moments.append(moment)
            if kind in shapes:
                assert picture.shape == shapes[kind]
            else:
                assert [plane.shape for plane in picture][1:] == 2 * [(9, 16) if kind == "yuv" else (18, 32)]
            with pytest.raises(ValueError, match="read-only"):
                (picture if kind in shapes else picture[0])[0] = 0
            return picture

        return same

    video = after(effect(paint=paint, pixels=kind, remembers=False), {"amount": RAMP}).video
    assert video is not None
    frames = list(video.frames())
    assert {(frame.format.name, frame.width, frame.height) for frame in frames} == {("yuv420p", 32, 18)}
    light = numpy.stack([frame.to_ndarray()[:18] for frame in frames]).astype(int)
    given = numpy.stack([frame.to_ndarray()[:18] for frame in stream().frames()])
    inside = 1 if kind in ("yuv", "yuv444p", "gray") else 60  # noise has colours that no RGB has
    assert numpy.abs(light - given).max() <= inside
    assert [(moment.number, moment.time) for moment in moments] == [(i, i / 25) for i in range(COUNT)]
    assert moments[5].config.amount == 5.0


def test_a_painter_that_remembers_sees_every_picture_from_the_first() -> None:
    def paint(video: VideoFormat) -> Callable[..., Any]:
        seen: list[Any] = []

        def brightest(picture: Any, moment: Moment) -> Any:
            seen.append(picture.copy())
            return numpy.max(seen, axis=0)

        return brightest

    video = after(effect(paint=paint, pixels="gray"), {}).video
    assert pixels(video, 5) == pixels(video)[5:]


@pytest.mark.parametrize(
    ("painter", "message"),
    [
        (lambda picture, moment: None, "it gave NoneType"),
        (
            lambda picture, moment: picture[:-1],
            r"shape \(17, 32, 3\), and takes .* of shape \(18, 32, 3\)",
        ),
        (lambda picture, moment: picture.astype(float), "it gave float64"),
        (lambda picture, moment: (picture, picture), "it gave 2 planes of 1"),
        (lambda picture, moment: picture[99], "IndexError"),
    ],
)
def test_a_painter_that_fails_is_named_with_the_frame(painter: Callable[..., Any], message: str) -> None:
    with pytest.raises(StepFailed, match=f"effect 'test', frame 0: .*{message}") as caught:
        pixels(after(effect(paint=lambda video: painter), {}).video)
    assert caught.value.code == "effect_error"


ALPHA = replace(SHAPE, format="gray", colour=Colour(full_range=True))


def test_transparency_goes_with_pixels_that_are_moved_and_else_stays() -> None:
    media = Media(stream(), None, alpha=stream(ALPHA))
    before = [numpy.frombuffer(data, numpy.uint8).reshape(18, 32) for data in pixels(media.alpha)]
    flipped = [frame[:, ::-1].tobytes() for frame in before]

    def flip(video: VideoFormat) -> Callable[..., Any]:
        return lambda planes, moment: tuple(plane[:, ::-1] for plane in planes)

    built = {"build": lambda config, video: [Filter("hflip")]}
    for fields in (built, {"paint": flip, "pixels": "yuv"}, {"paint": flip, "pixels": "gbrp"}):
        assert pixels(after(effect(**fields, moves_pixels=True), {}, media).alpha) == flipped
        assert pixels(after(effect(**fields), {}, media).alpha) == pixels(media.alpha)
    halved = effect(build=lambda config, video: [Filter("scale", {"w": 16, "h": 10})])
    for moves in (True, False):
        made = after(msgspec.structs.replace(halved, moves_pixels=moves), {}, media)
        assert made.alpha is not None
        assert (made.alpha.picture.width, made.alpha.picture.height) == (16, 10)
        assert len(pixels(made.alpha)) == COUNT
