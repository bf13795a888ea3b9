"""What each effect does to pixels, measured. Luma is 16 (black) to 235 (white); 128 is no colour."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy
import pytest
from artdagd_effects import echo, shake, zoom

from artdagd.hooks import VideoFormat
from artdagd.render.compositing.conform import alpha_of
from artdagd.render.drawing.planes import picture_of, planes
from artdagd.render.steps.effect import lower
from artdagd.render.streams import Media, Picture, VideoStream

Planes = tuple[numpy.ndarray, ...]
Apply = Callable[..., list[Planes]]


def plain(luma: int, u: int = 128, v: int = 128, width: int = 64, height: int = 32) -> Planes:
    return tuple(numpy.full((height, width), value, numpy.uint8) for value in (luma, u, v))


def ramp(width: int = 220, height: int = 16) -> Planes:
    """Every grey from black to white, one a column."""
    luma = numpy.tile(numpy.arange(16, 236, dtype=numpy.uint8), (height, 1))[:, :width]
    return luma, numpy.full_like(luma, 128), numpy.full_like(luma, 128)


def square(luma: int = 200, rim: int = 16, width: int = 64, height: int = 48) -> Planes:
    """A grey square in the middle of black; between them is a line of ``rim``, if there is one."""
    picture = plain(16, width=width, height=height)
    top, left = height // 4, width // 4
    picture[0][top - 1 : -top + 1, left - 1 : -left + 1] = rim
    picture[0][top:-top, left:-left] = luma
    return picture


def rgb(planes: Planes) -> numpy.ndarray:
    """One picture as numbers from 0 to 255, by the formula of BT.601 for limited range."""
    y, u, v = (plane.astype(float) for plane in planes)
    y, u, v = (y - 16) / 219 * 255, (u - 128) / 224 * 255, (v - 128) / 224 * 255
    return numpy.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=-1)


def coloured(red: int, green: int, blue: int, width: int = 32, height: int = 16) -> Planes:
    r, g, b = red / 255, green / 255, blue / 255
    y = 0.299 * r + 0.587 * g + 0.114 * b
    values = 16 + 219 * y, 128 + 224 * (b - y) / 1.772, 128 + 224 * (r - y) / 1.402
    return plain(*(round(value) for value in values), width=width, height=height)


def largest(one: Planes, other: Planes) -> int:
    return max(int(numpy.abs(a.astype(int) - b).max()) for a, b in zip(one, other, strict=True))


def grey(planes: Planes) -> bool:
    return bool((planes[1] == 128).all() and (planes[2] == 128).all())


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("blur", {"sigma": 0}),
        ("color", {"contrast": 1, "saturation": 1}),
        ("echo", {"frames": 1}),
        ("fade", {"type": "out", "start_time": 60}),
        ("grain", {"strength": 0}),
        ("grayscale", {"amount": 0}),
        ("hue", {"degrees": 360}),
        ("hue", {"degrees": 0}),
        ("identity", {}),
        ("rgb_shift", {"rh": 0, "bh": 0}),
        ("scanlines", {"strength": 0}),
        ("sepia", {"amount": 0}),
        ("sharpen", {"amount": 0}),
        ("solarize", {"threshold": 1}),
        ("trails", {"decay": 0}),
        ("vignette", {"angle": 0}),
    ],
)
def test_a_config_that_does_nothing(
    name: str, config: dict[str, Any], bunny: Path, render: Callable[..., Path], planes: Callable[[Path], list[Planes]]
) -> None:
    for before, after in zip(planes(bunny), planes(render(bunny, (name, config))), strict=True):
        # A turn through RGB and back averages the colours of four pixels anew.
        assert numpy.abs(after[0].astype(int) - before[0]).max() <= 2
        assert max(numpy.abs(after[i].astype(float) - before[i]).mean() for i in (1, 2)) < 1


@pytest.mark.parametrize("effect", [("invert", {}), ("invert", {"what": "luma"}), ("flip", {"direction": "both"})])
def test_twice_is_the_picture_itself(
    effect: Any, bunny: Path, render: Callable[..., Path], planes: Callable[[Path], list[Planes]]
) -> None:
    for before, after in zip(planes(bunny), planes(render(bunny, effect, effect)), strict=True):
        assert largest([plane.clip(16, 235 if i == 0 else 240) for i, plane in enumerate(before)], after) == 0


def test_invert_swaps_black_and_white_and_opposite_colours(apply: Apply) -> None:
    (after,) = apply([ramp()], ("invert", {}))
    assert (after[0] == ramp()[0][:, ::-1]).all()
    assert grey(after)
    (after,) = apply([plain(100, 90, 200)], ("invert", {}))
    assert [int(plane[0, 0]) for plane in after] == [151, 166, 56]
    (after,) = apply([plain(100, 90, 200)], ("invert", {"what": "luma"}))
    assert [int(plane[0, 0]) for plane in after] == [151, 90, 200]
    (after,) = apply([plain(100, 90, 200)], ("invert", {"what": "chroma"}))
    assert [int(plane[0, 0]) for plane in after] == [100, 166, 56]


def test_grayscale_leaves_the_luma_alone(apply: Apply) -> None:
    (after,) = apply([plain(100, 60, 200)], ("grayscale", {}))
    assert grey(after)
    assert (after[0] == 100).all()
    (half,) = apply([plain(100, 60, 200)], ("grayscale", {"amount": 0.5}))
    assert [int(half[1][0, 0]), int(half[2][0, 0])] == pytest.approx([94, 164], abs=1)


@pytest.mark.parametrize(("direction", "turned"), [("horizontal", (1, -1)), ("vertical", (-1, 1)), ("both", (-1, -1))])
def test_flip(
    direction: str,
    turned: tuple[int, int],
    bunny: Path,
    render: Callable[..., Path],
    planes: Callable[[Path], list[Planes]],
) -> None:
    for before, after in zip(planes(bunny), planes(render(bunny, ("flip", {"direction": direction}))), strict=True):
        assert largest(tuple(plane[:: turned[0], :: turned[1]] for plane in before), after) == 0


@pytest.mark.parametrize("keep", ["left", "right", "top", "bottom", "top_left", "top_right", "bottom_left"])
@pytest.mark.parametrize(("width", "height", "part"), [(64, 36, 2), (34, 18, 1)])
def test_mirror_is_symmetric_about_the_middle(keep: str, width: int, height: int, part: int, apply: Apply) -> None:
    random = numpy.random.default_rng(1)
    sizes = [(height, width), *2 * [(height // part, width // part)]]
    before: Planes = tuple(random.integers(16, 235, size, numpy.uint8) for size in sizes)
    (after,) = apply([before], ("mirror", {"keep": keep}), format="yuv420p" if part == 2 else "yuv444p")
    for old, new in zip(before, after, strict=True):
        if {"left", "right"} & set(keep.split("_")):
            assert (new == new[:, ::-1]).all()
        if {"top", "bottom"} & set(keep.split("_")):
            assert (new == new[::-1]).all()
        rows = slice(None, 8) if "top" in keep else slice(-8, None)
        columns = slice(None, 8) if "left" in keep else slice(-8, None)
        assert (new[rows, columns] == old[rows, columns]).all()


@pytest.mark.parametrize(("colour", "code"), [("#000000", (16, 128, 128)), ("#ffffff", (235, 128, 128))])
def test_fade_begins_and_ends_with_its_colour(colour: str, code: tuple[int, int, int], apply: Apply) -> None:
    film = [plain(120, 100, 150)] * 12
    coming = apply(film, ("fade", {"duration": 0.2, "color": colour}))
    assert largest(coming[0], plain(*code)) <= 1
    assert largest(coming[-1], film[0]) <= 1
    lumas = [int(picture[0][0, 0]) for picture in coming]
    assert lumas == sorted(lumas, reverse=code[0] > 120)
    going = apply(film, ("fade", {"type": "out", "start_time": 0.2, "duration": 0.2, "color": colour}))
    assert [largest(picture, film[0]) <= 1 for picture in going[:6]] == [True] * 6
    assert largest(going[-1], plain(*code)) <= 1


def test_mirror_reflects_colour_with_light_where_chroma_is_odd(apply: Apply) -> None:
    wide = numpy.linspace(60, 180, 34).astype(numpy.uint8)
    before = (numpy.tile(wide, (18, 1)), numpy.tile(wide[::2], (9, 1)), numpy.tile(wide[::-2], (9, 1)))
    (after,) = apply([before], ("mirror", {"keep": "right"}), format="yuv420p")
    assert (after[0] == after[0][:, ::-1]).all()
    for plane in after[1:]:
        assert numpy.abs(plane.astype(int) - plane[:, ::-1]).max() <= 4


def test_blur_spreads_a_point_as_a_gaussian_does(apply: Apply) -> None:
    point = plain(16, width=65, height=65)
    point[0][28:37, 28:37] = 235
    sigma = 5.0
    (after,) = apply([point], ("blur", {"sigma": sigma, "steps": 6}))
    light = after[0][:64, :64].astype(float) - 16
    assert light.sum() == pytest.approx(81 * 219, rel=0.05)
    profile = light.sum(axis=0)
    spread = (profile * (numpy.arange(64) - 32) ** 2).sum() / profile.sum()
    # The variance of what is nine wide, and of the Gaussian.
    assert spread == pytest.approx(80 / 12 + sigma**2, rel=0.15)


def test_sharpen_steepens_an_edge_and_below_zero_blurs_it(apply: Apply) -> None:
    edge = plain(80)
    edge[0][:, 32:] = 160
    (sharp,) = apply([edge], ("sharpen", {"amount": 2}))
    (soft,) = apply([edge], ("sharpen", {"amount": -1}))
    assert sharp[0].max() > 180
    assert sharp[0].min() < 60
    assert 80 < soft[0][16, 32] < 160
    assert grey(sharp)


@pytest.mark.parametrize(
    "config",
    [
        {"brightness": 0.1, "contrast": 1},
        {"contrast": 2},
        {"contrast": 0},
        {"contrast": 1e-05},
        {"contrast": 1, "gamma": 2.2},
        {"brightness": -0.2, "contrast": 1.7, "gamma": 0.4},
        {},
    ],
    ids=str,
)
def test_color_follows_the_formula_from_black_to_white(config: dict[str, float], apply: Apply) -> None:
    (after,) = apply([ramp()], ("color", config))
    light = numpy.arange(220) / 219
    light = (light - 0.5) * config.get("contrast", 1.2) + 0.5 + config.get("brightness", 0)
    wanted = 16 + 219 * light.clip(0, 1) ** (1 / config.get("gamma", 1))
    assert numpy.abs(after[0][0] - wanted).max() <= 1
    assert grey(after)


def test_color_saturation_moves_colours_from_grey(apply: Apply) -> None:
    for saturation, wanted in ((0, (128, 128)), (2, (88, 178)), (10, (16, 240))):
        (after,) = apply([plain(100, 108, 153)], ("color", {"contrast": 1, "saturation": saturation}))
        assert [int(after[1][0, 0]), int(after[2][0, 0])] == pytest.approx(wanted, abs=1)
        assert (after[0] == 100).all()


def test_hue_turns_colours_around_grey(apply: Apply) -> None:
    (half,) = apply([plain(100, 108, 153)], ("hue", {"degrees": 180}))
    assert [int(half[1][0, 0]), int(half[2][0, 0])] == pytest.approx((148, 103), abs=1)
    (after,) = apply([plain(100, 108, 153)], ("hue", {"degrees": 0, "brightness": 1}))
    assert after[0][0, 0] == pytest.approx(125, abs=1)


def test_echo_weighs_the_newest_frame_most(apply: Apply) -> None:
    flash = [plain(16)] * 3 + [plain(235)] + [plain(16)] * 6
    lumas = [int(picture[0][0, 0]) for picture in apply(flash, ("echo", {"frames": 4}))]
    wanted = [16] * 3 + [16 + 219 * weight / 10 for weight in (4, 3, 2, 1)] + [16] * 3
    assert lumas == pytest.approx(wanted, abs=1)


def test_echo_asks_for_no_more_memory_than_a_worker_has() -> None:
    def build(frames: int, width: int, height: int) -> Any:
        config = msgspec.convert({"frames": frames}, echo.EFFECT.config)
        return echo.EFFECT.build(config, VideoFormat(width, height, Fraction(25)))

    assert build(64, 4096, 2160)
    with pytest.raises(ValueError, match="10 frames, not 64"):
        build(64, 8192, 8192)


def test_trails_fade_by_the_decay_in_the_colour_that_drew_them(apply: Apply) -> None:
    film = [coloured(255, 0, 0)] + [coloured(0, 0, 0)] * 5
    shown = [rgb(picture)[0, 0] for picture in apply(film, ("trails", {"decay": 0.8}))]
    for age, (red, green, blue) in enumerate(shown):
        assert red == pytest.approx(255 * 0.8**age, abs=4)
        assert max(abs(green), abs(blue)) <= 4


def test_grain_is_in_the_luma_and_follows_its_seed(apply: Apply) -> None:
    film = [plain(126, 90, 160)] * 3
    made = {
        name: apply(film, ("grain", config))
        for name, config in {
            "one": {},
            "strong": {"strength": 40},
            "other": {"seed": 2},
            "still": {"moving": False},
        }.items()
    }
    for pictures in made.values():
        assert all((picture[1] == 90).all() and (picture[2] == 160).all() for picture in pictures)
        assert numpy.mean([picture[0].mean() for picture in pictures]) == pytest.approx(126, abs=1.5)
    assert made["strong"][0][0].std() > 2 * made["one"][0][0].std() > 2
    assert (made["one"][0][0] != made["one"][1][0]).any()
    assert (made["one"][0][0] != made["other"][0][0]).any()
    assert (made["still"][0][0] == made["still"][2][0]).all()


@pytest.mark.parametrize("rim", [16, 108])
@pytest.mark.parametrize("sigma", [0, 1, 1.5])
def test_edge_draws_white_outlines_on_black(sigma: float, rim: int, apply: Apply) -> None:
    (after,) = apply([square(rim=rim)], ("blur", {"sigma": sigma}), ("edge", {}))
    assert grey(after)
    luma = after[0].astype(int)
    assert (luma[:8] == 16).all()
    assert (luma[20:28, 26:38] == 16).all()
    assert luma.max() > 150
    for line in (luma[24, 10:22], luma[24, 42:54], luma[6:18, 32], luma[30:42, 32]):
        assert (line > 60).sum() == 1


@pytest.mark.parametrize(
    ("preset", "dark", "middle", "bright"),
    [  # the ends and the middle as matplotlib has them
        ("inferno", (0, 0, 4), (188, 55, 84), (252, 255, 164)),
        ("viridis", (68, 1, 84), (33, 145, 140), (253, 231, 37)),
        ("magma", (0, 0, 4), (183, 55, 121), (252, 253, 191)),
    ],
)
def test_heatmap_has_the_colours_of_its_preset(preset: str, dark: Any, middle: Any, bright: Any, apply: Apply) -> None:
    for luma, wanted in ((16, dark), (126, middle), (235, bright)):
        (after,) = apply([plain(luma)], ("heatmap", {"preset": preset}))
        assert rgb(after)[0, 0] == pytest.approx(wanted, abs=9)
    (after,) = apply([plain(126, 60, 200)], ("heatmap", {"opacity": 0}))
    assert largest(after, plain(126)) <= 1


@pytest.mark.parametrize("size", [2, 3, 16, 17])
def test_pixelate_makes_blocks_of_the_size(size: int, apply: Apply) -> None:
    random = numpy.random.default_rng(1)
    noise: Planes = tuple(random.integers(40, 200, (36, 64), numpy.uint8) for _ in range(3))
    (after,) = apply([noise], ("pixelate", {"size": size}))
    for old, new in zip(noise, after, strict=True):
        for top in range(0, 36, size):
            for left in range(0, 64, size):
                block = (slice(top, top + size), slice(left, left + size))
                assert len(set(new[block].ravel().tolist())) == 1
                assert new[block][0, 0] == pytest.approx(old[block].mean(), abs=1)


@pytest.mark.parametrize("size", [3, 16])
def test_pixelate_makes_blocks_of_the_size_in_common_video(size: int, bunny: Path, render: Any, planes: Any) -> None:
    luma = planes(render(bunny, ("pixelate", {"size": size})))[0][0]
    for top in range(0, 90, size):
        assert (luma[top : top + size] == luma[top]).all()
    for left in range(0, 160, size):
        assert (luma[:, left : left + size] == luma[:, left : left + 1]).all()
    steps = numpy.nonzero((numpy.diff(luma.astype(int), axis=1) != 0).any(axis=0))[0] + 1
    assert steps.tolist() == list(range(size, 160, size))


@pytest.mark.parametrize(("mode", "shown"), [("min", (40, 10, 30)), ("max", (220, 200, 90))])
def test_pixelate_takes_the_darkest_or_brightest_of_red_green_and_blue(mode: str, shown: Any, apply: Apply) -> None:
    picture = coloured(40, 200, 90)
    other = coloured(220, 10, 30)
    for plane, values in zip(picture, other, strict=True):
        plane[::2] = values[::2]
    (after,) = apply([picture], ("pixelate", {"size": 4, "mode": mode}))
    assert rgb(after)[0, 0] == pytest.approx(shown, abs=4)


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_posterize_leaves_even_tones_from_black_to_white(levels: int, apply: Apply) -> None:
    (after,) = apply([ramp()], ("posterize", {"levels": levels}))
    tones = sorted(set(after[0].ravel().tolist()))
    assert tones == pytest.approx([16 + 219 * step / (levels - 1) for step in range(levels)], abs=1)
    assert grey(after)


def test_rgb_shift_moves_each_colour_by_its_own_distance(apply: Apply) -> None:
    bar = plain(16)
    bar[0][10:12, 30:32] = 235
    config = {"rh": -6, "rv": 2, "gh": 3, "gv": -4, "bh": 6, "bv": 8}
    (after,) = apply([bar], ("rgb_shift", config))
    for index, (across, down) in enumerate(((-6, 2), (3, -4), (6, 8))):
        colour = rgb(after)[..., index]
        rows, columns = numpy.nonzero(colour > 128)
        assert (sorted(set(columns)), sorted(set(rows))) == ([30 + across, 31 + across], [10 + down, 11 + down])
    (wrapped,) = apply([bar], ("rgb_shift", {"rh": 40, "bh": 0, "edge": "wrap"}))
    assert rgb(wrapped)[10, (30 + 40) % 64, 0] > 200


@pytest.mark.parametrize("format", ["yuv444p", "yuv420p"])
def test_scanlines_darken_light_and_colour_alike(format: str, apply: Apply) -> None:
    picture = plain(216, 98, 168)
    if format == "yuv420p":
        picture = (picture[0], *(plane[::2, ::2] for plane in picture[1:]))
    (after,) = apply([picture], ("scanlines", {"distance": 8, "strength": 0.5}), format=format)
    dark = (after[0] < 200).all(axis=1)
    assert dark.tolist() == [row % 8 < 4 for row in range(32)]
    assert ((after[0] < 200) == dark[:, None]).all()  # no upright line
    assert set(after[0][dark].ravel().tolist()) <= {115, 116, 117}
    assert set(after[0][~dark].ravel().tolist()) == {216}
    assert after[1].min() == pytest.approx(98, abs=1)
    assert after[1].max() == pytest.approx(113, abs=2)
    assert after[2].min() == pytest.approx(148, abs=2)


def test_sepia_tones_by_the_usual_weights(apply: Apply) -> None:
    (after,) = apply([coloured(100, 120, 60)], ("sepia", {}))
    wanted = [100 * r + 120 * g + 60 * b for r, g, b in
              ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))]  # fmt: skip
    assert rgb(after)[0, 0] == pytest.approx(wanted, abs=4)


def test_solarize_reverses_what_is_brighter(apply: Apply) -> None:
    (after,) = apply([ramp()], ("solarize", {"threshold": 0.6}))
    tones = numpy.arange(220) / 219
    wanted = 16 + 219 * numpy.where(tones > 0.6, 1 - tones, tones)
    close = numpy.abs(after[0][0] - wanted) <= 1
    assert close.sum() >= 219  # the tone at the threshold may fall on either side
    assert grey(after)


def test_vignette_darkens_away_from_its_centre(apply: Apply) -> None:
    (after,) = apply([plain(180)], ("vignette", {}))
    luma = after[0].astype(int)
    assert abs(luma[16, 32] - 180) <= 1
    assert luma[0, 0] < 120
    assert (numpy.diff(luma[16, 32:]) <= 0).all()
    (moved,) = apply([plain(180)], ("vignette", {"x": 0, "y": 1}))
    assert moved[0][-1, 0] > 170
    assert moved[0][0, -1] < moved[0][0, 0]


def test_effects_follow_the_sources_colour_matrix(tmp_path: Path, render: Callable[..., Path]) -> None:
    """HD footage is BT.709: what works in RGB may not bring it back as BT.601."""
    source = tmp_path / "hd.mkv"
    with av.open(str(source), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        frame = av.VideoFrame(32, 16, "yuv444p")
        for plane, value in zip(frame.planes, (150, 90, 160), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = 0
        file.mux([*stream.encode(frame), *stream.encode(None)])
    for effect in (("sepia", {"amount": 0}), ("solarize", {"threshold": 1}), ("trails", {"decay": 0})):
        with av.open(str(render(source, effect))) as file:
            after = next(file.decode(video=0))
        assert after.colorspace == 1
        assert [bytes(plane)[0] for plane in after.planes] == pytest.approx((150, 90, 160), abs=1)


def test_a_strobe_flashes_on_time(apply):
    grey = [(numpy.full((8, 8), 100, numpy.uint8), *[numpy.full((8, 8), 90, numpy.uint8)] * 2)] * 12
    shown = apply(grey, ("strobe", {"rate": 5, "duty": 0.4, "color": "white", "opacity": 0.5}))
    lit = [int(planes[0][0, 0]) for planes in shown]
    assert lit == [168, 168, 100, 100, 100] * 2 + [168, 168]
    assert int(shown[0][1][0, 0]) == 109
    assert [int(planes[0][0, 0]) for planes in apply(grey, ("strobe", {"rate": 0, "color": "negative"}))] == [151] * 12


def test_a_shake_swings_about_the_middle_and_shows_no_border(apply):
    row = numpy.tile(numpy.arange(40, 200, dtype=numpy.uint8), (90, 1))
    still = [(row, *[numpy.full((90, 160), 128, numpy.uint8)] * 2)] * 25
    shown = apply(still, ("shake", {"amplitude": 0.1, "frequency": 6}))
    ways = numpy.array([float(planes[0][:, 80].mean()) for planes in shown]) - 120
    assert ways.min() < -2
    assert ways.max() > 2
    assert numpy.abs(ways).max() <= 9.5
    assert all(40 <= planes[0].min() < planes[0].max() <= 199 for planes in shown)
    other = apply(still, ("shake", {"amplitude": 0.1, "frequency": 6, "seed": 2}))
    assert any((one[0] != two[0]).any() for one, two in zip(shown, other, strict=True))


def test_a_hue_that_moves_is_that_of_the_filter(apply):
    random = numpy.random.default_rng(3)
    pictures = [tuple(random.integers(16, 236, (16, 16), numpy.uint8) for _ in range(3)) for _ in range(3)]
    moving = {"keyframes": [[0.0, 250.5, "linear"], [1.0, 250.5, "linear"]]}
    one, other = (apply(pictures, ("color", {"hue": hue})) for hue in (250.5, moving))
    assert all((a == b).all() for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("config", [{"effect": "zoom", "factor": 2.5, "x": 0.3}, {"effect": "shake", "amplitude": 0.1}])
def test_transparency_goes_with_what_is_zoomed_and_shaken(config):
    random = numpy.random.default_rng(5)
    light, grey = random.integers(16, 236, (36, 64), numpy.uint8), numpy.full((18, 32), 128, numpy.uint8)
    shape = Picture(64, 36, "yuv420p", Fraction(25))
    video, alpha = (
        VideoStream(one, 3, one, lambda start, p=parts, o=one: (picture_of(p, o) for _ in range(start, 3)), lambda i: 0)
        for one, parts in ((shape, [light, grey, grey]), (alpha_of(shape), [light]))
    )
    made = lower(config, [Media(video, None, alpha=alpha)], {one.EFFECT.name: one.EFFECT for one in (zoom, shake)})
    for seen, clear in zip(made.video.frames(), made.alpha.frames(), strict=True):
        assert (planes(seen)[0] == planes(clear)[0]).all()
        assert (planes(clear)[0] != light).any()
