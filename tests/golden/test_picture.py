"""Steps that change the picture, beside an independent ffmpeg."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy
import pytest

from artdagd.render.drawing.planes import picture_of, planes
from artdagd.render.steps import crop, generate, lut
from artdagd.render.streams import Media, Picture, VideoStream
from tests.golden.conftest import SIZE, pictures, theirs
from tests.pixels import psnr

SCALE = "scale={}:{}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"
SAME = float("inf")


@pytest.mark.parametrize(
    ("config", "filters", "size", "least"),
    [
        ({"width": 96, "height": 96, "fit": "stretch"}, SCALE.format(96, 96), (96, 96), 50),
        ({"width": 200}, SCALE.format(200, 112), (200, 112), 50),
        ({"width": 96, "height": 96, "fit": "contain"}, SCALE.format(96, 54) + ",pad=96:96:0:20", (96, 96), 50),
        ({"width": 90, "height": 90, "fit": "cover"}, SCALE.format(160, 90) + ",crop=90:90:34:0", (90, 90), 50),
    ],
)
def test_resize(program, film, ours, config, filters, size, least) -> None:
    assert psnr(pictures(ours("RESIZE", config, film)), theirs(program, film, filters, size)) >= least


@pytest.mark.parametrize(
    ("config", "filters", "least"),
    [
        ({"w": 80, "h": 40, "x": 22, "y": 30}, "crop=80:40:22:30", SAME),
        ({"w": 80, "h": 42}, "crop=80:42:40:24", SAME),
        # Between pixels: what a cubic scaler makes of four times the size, cut there.
        ({"w": 80, "h": 40, "x": 22.5, "y": 30.5}, "scale=640:360,crop=320:160:90:122,scale=80:40", 38),
    ],
)
def test_crop(program, film, ours, config, filters, least) -> None:
    assert (
        psnr(pictures(ours("CROP", config, film)), theirs(program, film, filters, (config["w"], config["h"]))) >= least
    )


@pytest.mark.parametrize(
    ("config", "filters", "size", "least"),
    [
        ({"flip": "horizontal"}, "hflip", SIZE, SAME),
        ({"flip": "vertical"}, "vflip", SIZE, SAME),
        ({"rotate": 180}, "hflip,vflip", SIZE, SAME),
        ({"rotate": -270, "expand": True}, "transpose=clock", SIZE[::-1], SAME),
        ({"rotate": 30}, "format=yuv444p,scale=640:360,rotate=30*PI/180:c=black,scale=160:90", SIZE, 34),
        (
            {"rotate": -20, "scale": 0.5, "x": 20, "y": -10, "background": "#ffffff"},
            "format=yuv444p,scale=640:360,rotate=-20*PI/180:ow=1280:oh=720:c=white,crop=1280:720,scale=160:90,"
            "pad=200:110:40:0:white,crop=160:90:20:10",
            SIZE,
            34,
        ),
        (
            {"rotate": 45, "expand": True},
            "format=yuv444p,scale=640:360,rotate=PI/4:ow=712:oh=712:c=black,scale=178:178",
            (178, 178),
            33,
        ),
    ],
)
def test_transform(program, film, ours, config, filters, size, least) -> None:
    assert psnr(pictures(ours("TRANSFORM", config, film)), theirs(program, film, filters, size)) >= least


@pytest.mark.parametrize(
    "places",
    [
        {"scale": 1.3, "x": 10.3, "y": -7.6},
        {"x": -90.25, "y": 40.5, "background": "#ffffff"},
        {"scale": 0.45, "x": 12.0, "y": 5.7, "background": "#20c060"},
        {"scale": 0.8, "x": 300},
        {"scale": 0.6, "expand": True},
    ],
)
def test_what_is_not_turned_lies_where_it_lies_when_it_is_hardly_turned(film, ours, places) -> None:
    straight, turned = (pictures(ours("TRANSFORM", {"rotate": angle, **places}, film)) for angle in (0, 1e-6))
    assert psnr(straight, turned) >= 38


def test_a_moving_crop_and_a_moving_turn_are_still_ones_frame_by_frame(film, ours) -> None:
    moving = {"keyframes": [[0.0, 0.0, "linear"], [0.8, 40.0, "linear"]]}
    crop = pictures(ours("CROP", {"w": 80, "h": 40, "x": moving, "y": 3.5}, film))
    turn = pictures(ours("TRANSFORM", {"rotate": moving, "scale": 0.9}, film))
    for number in (0, 7, 19):
        alone = ours("CROP", {"w": 80, "h": 40, "x": number * 2.0, "y": 3.5}, film)
        assert numpy.array_equal(crop[number], pictures(alone)[number])
        alone = ours("TRANSFORM", {"rotate": number * 2.0, "scale": 0.9}, film)
        assert numpy.array_equal(turn[number], pictures(alone)[number])


def test_a_shift_by_less_than_a_pixel_is_even(film, ours) -> None:
    """The centre of gravity of a spot goes as far as it is told, without jitter."""
    shape = Picture(64, 64, "yuv420p", Fraction(25))
    rows, columns = numpy.mgrid[0:64, 0:64]
    spot = (16 + 200 * numpy.exp(-((rows - 31.5) ** 2 + (columns - 31.5) ** 2) / 18)).astype(numpy.uint8)
    grey = numpy.full((32, 32), 128, numpy.uint8)
    frame = picture_of([spot, grey, grey], shape)
    still = VideoStream(shape, 50, shape, lambda start: (frame for _ in range(start, 50)), lambda start: 0)
    path = {"keyframes": [[0.0, 3.0, "linear"], [2.0, 13.0, "linear"]]}
    moved = crop.lower({"w": 48, "h": 48, "x": path, "y": 8}, [Media(still, None)], {}).video
    centres = []
    for made in moved.frames():
        luma = planes(made)[0].astype(float) - 16
        centres.append((luma.sum(0) * numpy.arange(48)).sum() / luma.sum())
        assert math.isclose((luma.sum(1) * numpy.arange(48)).sum() / luma.sum(), 23.5, abs_tol=0.005)
    steps = numpy.diff(centres)
    assert math.isclose(steps.mean(), -0.2, abs_tol=0.005)
    assert steps.std() < 0.01


@pytest.fixture
def look(tmp_path) -> Path:
    """A strong look in 5 steps a side, with a domain of its own."""
    steps = [i / 4 for i in range(5)]
    rows = [
        f"{r**0.6:.6f} {0.2 + 0.6 * g * b:.6f} {1 - b * (1 - 0.5 * r):.6f}" for b in steps for g in steps for r in steps
    ]
    path = tmp_path / "look.cube"
    path.write_text("\n".join(["LUT_3D_SIZE 5", *rows, ""]))
    return path


RGB = "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:in_color_matrix=bt709:in_range=tv,format=gbrp"
YUV = "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:out_color_matrix=bt709:out_range=tv,format=yuv420p"


@pytest.mark.parametrize("interp", ["tetrahedral", "trilinear", "nearest"])
def test_lut(program, film, ours, look, interp) -> None:
    filters = f"{RGB},lut3d=file={look}:interp={interp},{YUV}"
    assert psnr(pictures(ours("LUT", {"interp": interp}, film, look)), theirs(program, film, filters, SIZE)) > 48


def test_half_a_look_and_none(program, film, ours, look) -> None:
    filters = f"split[a][b];[a]{RGB},lut3d=file={look},{YUV}[c];[c][b]blend=all_mode=average"
    assert psnr(pictures(ours("LUT", {"intensity": 0.5}, film, look)), theirs(program, film, filters, SIZE)) > 45
    assert numpy.array_equal(pictures(ours("LUT", {"intensity": 0.0}, film, look)), pictures(film))
    moving = {"keyframes": [[0.0, 0.0, "linear"], [0.4, 1.0, "linear"]]}
    made, whole = pictures(ours("LUT", {"intensity": moving}, film, look)), pictures(ours("LUT", {}, film, look))
    assert numpy.array_equal(made[0], pictures(film)[0])
    assert numpy.array_equal(made[10:], whole[10:])


def test_a_curve_for_each_channel_keeps_a_grey_ramp_grey(program, film, ours, tmp_path) -> None:
    path = tmp_path / "curve.cube"
    path.write_text("\n".join(["LUT_1D_SIZE 33", *(f"{(i / 32) ** 2:.6f} " * 3 for i in range(33)), ""]))
    filters = f"{RGB},lut1d=file={path},{YUV}"
    assert psnr(pictures(ours("LUT", {}, film, path)), theirs(program, film, filters, SIZE)) > 48
    ramp = generate.lower({"pattern": "gradient", "width": 160, "height": 90, "fps": 25.0, "duration": 0.04}, [], {})
    graded = lut.lower({}, [ramp, Media(None, None, data=path)], {}).video
    luma, *chroma = planes(next(graded.frames()))
    assert numpy.all(numpy.diff(luma[45].astype(int)[::8]) >= 0)
    assert all(abs(plane.astype(int) - 128).max() <= 1 for plane in chroma)
