"""Alpha goes where its picture goes: through every step that moves pixels or frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import numpy
import pytest
from pixels import plane

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.compositing.conform import alpha_of
from artdagd.render.drawing.planes import picture_of
from artdagd.render.graphs import scale
from artdagd.render.reading.source import open_source
from artdagd.render.streams import Colour, Media, Picture, VideoStream
from tests.render.conftest import read_number

STEPS = {
    "SEGMENT": ("segment", {"start": 0.3, "end": 0.7}),
    "SPEED": ("speed", {"factor": 1.7}),
    "RETIME": ("retime", {"pieces": [[0.0, 0.5, 0.9, 0.1]], "fps": [20, 1]}),
    "RESIZE": ("resize", {"width": 120, "height": 64, "fit": "cover"}),
    "MUX": ("mux", {"length": "audio"}),
    "SEQUENCE": ("sequence", {"fps": 20, "width": 120, "height": 32}),
    "SEQUENCE with slides": ("sequence", {"transition": {"type": "slide", "duration": 0.2}}),
}


def with_alpha(media: Media) -> Media:
    """Opaque where it is white: the alpha of each picture shows the same number."""
    assert media.video is not None
    grey = (scale(out_range="pc"), Filter("format", {"pix_fmts": "gray"}))
    return replace(media, alpha=media.video.filtered(grey, alpha_of(media.video.picture)))


def lower(module: str, config: dict, *inputs: Media) -> Media:
    return import_module(f"artdagd.render.steps.{module}").lower(config, inputs, {})


@pytest.mark.parametrize(("module", "config"), STEPS.values(), ids=STEPS.keys())
def test_alpha_follows_its_picture(clip, module, config) -> None:
    media = with_alpha(open_source(clip("a.mp4", 30, samples=36_000)))
    inputs = [media] * 2 if module in ("mux", "sequence") else [media]
    result = lower(module, config, *inputs)
    assert result.alpha is not None
    assert result.alpha.picture == alpha_of(result.video.picture)
    assert result.alpha.count == result.video.count
    frames = list(zip(result.video.frames(), result.alpha.frames(), strict=True))
    assert len(frames) == result.video.count
    for picture, alpha in frames:
        if module != "resize" and "transition" not in config:
            assert read_number(alpha) == read_number(picture)
        light = picture.to_ndarray()[: picture.height].astype(float)
        assert numpy.abs(alpha.to_ndarray() - numpy.clip((light - 16) * 255 / 219, 0, 255)).max() <= 3
    assert [f.to_ndarray().tolist() for f in result.alpha.frames(5)] == [a.to_ndarray().tolist() for _, a in frames[5:]]


def test_bars_are_transparent_only_where_there_was_alpha(clip) -> None:
    media = open_source(clip("a.mp4", 5))
    assert lower("resize", {"width": 64, "height": 64}, media).alpha is None
    (frame, *_) = lower("resize", {"width": 64, "height": 64}, with_alpha(media)).alpha.frames(4)
    assert (frame.to_ndarray()[:20] == 0).all()
    assert frame.to_ndarray()[32].max() > 0


def test_a_clip_without_alpha_is_opaque_among_others(clip) -> None:
    plain, keyed = open_source(clip("a.mp4", 10)), with_alpha(open_source(clip("b.mp4", 10, Fraction(25))))
    result = lower("sequence", {}, plain, keyed)
    shown = [frame.to_ndarray() for frame in result.alpha.frames()]
    assert len(shown) == result.video.count
    assert all((frame == 255).all() for frame in shown[:10])
    assert all((frame < 255).any() for frame in shown[10:])
    assert lower("sequence", {}, plain, plain).alpha is None


def test_layers_over_what_is_transparent_itself(clip) -> None:
    """Porter and Duff's "over" with straight colours."""
    below, above = (with_alpha(open_source(clip(name, 4, base=base))) for name, base in (("a.mp4", 1), ("b.mp4", 90)))
    below = replace(below, alpha=below.alpha.filtered((Filter("lut", {"c0": "val/2+40"}),), below.alpha.picture))
    result = lower("layer", {"opacity": 0.6}, below, above)

    def luma(stream):
        return next(stream.frames(2)).to_ndarray()[: stream.picture.height].astype(float)

    front, back = luma(above.alpha) / 255 * 0.6, luma(below.alpha) / 255
    whole = front + back * (1 - front)
    colour = (luma(above.video) * front + luma(below.video) * back * (1 - front)) / whole
    assert numpy.abs(luma(result.alpha) - 255 * whole).max() <= 2
    assert numpy.abs(luma(result.video) - colour).max() <= 3


def test_a_key_and_a_mask_are_multiplied(clip) -> None:
    media = open_source(clip("a.mp4", 4, base=21))
    keyed = lower("chroma_key", {"color": "#ffffff", "method": "rgb", "similarity": 0.4}, media)
    masked = lower("mask", {}, keyed, open_source(clip("b.mp4", 4, base=6)))
    one, both = (next(m.alpha.frames()).to_ndarray() for m in (keyed, masked))
    shows = (6 >> numpy.arange(12)).repeat(20) & 1
    assert (numpy.unique(one) == [0, 255]).all()
    assert numpy.abs(both[30].astype(int) - one[30] * shows)[5::20].max() <= 2


def test_an_overlay_that_is_too_large_or_has_no_alpha_to_use_is_refused(clip) -> None:
    media = open_source(clip("a.mp4", 2))
    with pytest.raises(StepFailed, match="the overlay would be 19200x5120: too large"):
        lower("layer", {"scale": 64.0, "width": 300.0}, media, media)
    with pytest.raises(StepFailed, match="its mask has no alpha"):
        lower("mask", {"source": "alpha"}, media, media)


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p", "yuv444p"])
def test_a_crossfade_weighs_colours_by_their_alpha(format) -> None:
    """Porter and Duff's "plus" of premultiplied colours: what is not seen tints nothing."""
    random = numpy.random.default_rng(5)
    shape = Picture(64, 32, format, Fraction(25), Colour(1, 1, 1))
    tall = 16 if format == "yuv420p" else 32
    sizes = [(32, 64)] + [(tall, 64 if format == "yuv444p" else 32)] * 2

    def one(light: int) -> tuple[Media, numpy.ndarray, numpy.ndarray]:
        planes = [random.integers(light, light + 60, size, numpy.uint8) for size in sizes]
        # In blocks: chroma takes its alpha from the pixels around it.
        grey = random.choice([0, 0, 90, 255], (2, 4)).astype(numpy.uint8).repeat(16, 0).repeat(16, 1)
        video = still([planes[0], *planes[1:]], shape, 10)
        return Media(video, None, alpha=still([grey], alpha_of(shape), 10)), planes, grey

    (first, before, before_alpha), (second, after, after_alpha) = one(20), one(150)
    result = lower("sequence", {"transition": {"type": "crossfade", "duration": 0.32}}, first, second)
    frames = list(zip(result.video.frames(), result.alpha.frames(), strict=True))
    for number, (picture, alpha) in enumerate(frames[2:10]):
        old, new = (1 - number / 8) * before_alpha, number / 8 * after_alpha
        whole = old + new
        assert numpy.abs(plane(alpha) - whole).max() <= 1
        for index, size in enumerate(sizes):
            pick = slice(None, None, 32 // size[0]), slice(None, None, 64 // size[1])
            colour = (old[pick] * before[index] + new[pick] * after[index]) / numpy.maximum(whole[pick], 1e-9)
            far = numpy.abs(plane(picture, index) - colour)[whole[pick] > 0]
            assert far.max() <= 2 if size == (32, 64) else numpy.median(far) <= 1
        assert (picture.color_range, int(picture.colorspace)) == (1, 1)
    restarted = [frame.to_ndarray().tolist() for frame in result.video.frames(5)]
    assert restarted == [picture.to_ndarray().tolist() for picture, _ in frames[5:]]


def still(planes: list[numpy.ndarray], shape: Picture, count: int) -> VideoStream:
    def source(start: int):
        for _ in range(start, count):
            yield picture_of(planes, shape)

    return VideoStream(shape, count, shape, source, lambda start: 0)
