"""Graphs with several inputs and with options that change: the same pixels as a graph made for each frame alone."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy
import pytest

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render import networks
from artdagd.render.networks import COMMANDS, Node, chain, run_network
from artdagd.render.streams import Colour, Picture

Built = networks._Built
SHAPE = Picture(64, 48, "yuv420p", Fraction(25), Colour(5))


def noise(count: int, seed: int = 1) -> list[av.VideoFrame]:
    random = numpy.random.default_rng(seed)
    made = []
    for _ in range(count):
        frame = av.VideoFrame.from_ndarray(random.integers(16, 235, (72, 64), numpy.uint8), format="yuv420p")
        frame.colorspace, frame.color_range = 5, 1
        made.append(frame)
    return made


def pixels(frames: object) -> list[bytes]:
    return [frame.to_ndarray().tobytes() for frame in frames]


def run(network_at, *inputs, start=0) -> list[bytes]:
    return pixels(run_network(network_at, [SHAPE] * len(inputs), [iter(frames) for frames in inputs], start))


@pytest.mark.parametrize(
    "filters_at",
    [
        pytest.param(lambda n: [Filter("gblur", {"sigma": 0.5 + n})], id="half a command"),
        pytest.param(lambda n: [Filter("gblur", {"sigma": 1 + n, "sigmaV": 2.5})], id="a command"),
        pytest.param(lambda n: [Filter("hue", {"h": 20 * n}), Filter("hflip")], id="a command in a chain"),
        pytest.param(lambda n: [Filter("lut", {"c0": f"val*{n}/6", "c1": "val"})], id="an expression"),
        pytest.param(lambda n: [Filter("vignette", {"angle": 0.3 + n / 10, "dither": 0})], id="no such command"),
        pytest.param(lambda n: [Filter("hflip")] * (n % 3), id="another chain each time"),
    ],
)
def test_what_changes_gives_the_pixels_of_a_graph_of_its_own(filters_at) -> None:
    frames = noise(6)
    alone = [run(lambda _, n=n: chain(filters_at(n)), [frame], start=n)[0] for n, frame in enumerate(frames)]
    assert run(lambda n: chain(filters_at(n)), frames) == alone
    assert run(lambda n: chain(filters_at(n)), frames[2:], start=2) == alone[2:], "wherever the reading starts"


@pytest.mark.parametrize(
    "filter_at",
    [
        pytest.param(lambda n: Filter("blend", {"all_mode": "screen", "all_opacity": n / 5}), id="blend"),
        pytest.param(lambda n: Filter("overlay", {"x": 2 * n, "y": -4 * n, "format": "yuv420"}), id="overlay"),
    ],
)
def test_commands_of_what_takes_two_pictures(filter_at, monkeypatch) -> None:
    def network_at(number: int) -> list[Node]:
        return [Node(filter_at(number), (1, 0))]

    below, above = noise(6, 1), noise(6, 2)
    alone = [
        run(lambda _, n=n: network_at(n), [one], [two], start=n)[0]
        for n, (one, two) in enumerate(zip(below, above, strict=True))
    ]
    built = []
    monkeypatch.setattr(networks, "_Built", lambda *args: built.append(0) or Built(*args))
    assert run(network_at, below, above) == alone
    assert len(built) <= 2, "at opacity 1 a new one"


SAMPLES = {
    "colorchannelmixer": ({}, dict.fromkeys(COMMANDS["colorchannelmixer"], (0.1, 0.4, 0.9))),
    "colorize": ({}, {"hue": (0, 90, 200), **dict.fromkeys(("saturation", "lightness", "mix"), (0.2, 0.5, 0.9))}),
    "crop": ({"w": 32, "h": 24}, {"x": (0, 2, 16), "y": (4, 2, 8)}),
    "drawgrid": (
        {"x": 1, "y": 1, "width": 20, "height": 10, "thickness": 1, "color": "red@0.5"},
        {
            "x": (0, -3, 5), "y": (0, -3, 5), "width": (9, 12, 70), "height": (9, 12, 70), "thickness": (1, 2, 5),
            "color": ("black@0.1", "black@0.5", "white@0.9"),
        },
    ),
    "gblur": ({"sigma": 2, "sigmaV": 2}, {"sigma": (0, 1.5, 40), "sigmaV": (0, 1.5, 40), "steps": (1, 2, 6)}),
    "hue": ({"h": 10, "s": 1, "b": 0}, {"h": (-90, 0, 200), "s": (-2, 0, 1.5), "b": (-3, 0, 2)}),
    "lagfun": ({}, {"decay": (0.2, 0.5, 0.9)}),
    "lut": ({"c0": "val"}, {"c0": ("val*0.5+3", "255-val", "7"), **dict.fromkeys(("c1", "c2"), ("val/2", "val", "9"))}),
    "pixelize": ({"width": 4, "height": 4}, {"width": (2, 7, 64), "height": (2, 7, 48)}),
    "pseudocolor": ({"preset": "inferno"}, {"opacity": (0, 0.5, 1)}),
    "rgbashift": ({}, dict.fromkeys(COMMANDS["rgbashift"], (-9, 1, 30))),
    "rotate": ({}, {"angle": (-1.0, 0.1, 2.5)}),
}  # fmt: skip


TWO = ("blend", "overlay")
"""What takes two pictures, and has a test of its own."""


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name in sorted(COMMANDS.keys() - TWO) for option in sorted(COMMANDS[name])]
)
def test_every_command_does_what_a_new_filter_would(name: str, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options, values = SAMPLES[name]
    frame, built = noise(1), []
    several = [Filter(name, {**options, option: value}) for value in values[option]]
    alone = [run(lambda _, one=one: chain([one]), frame)[0] for one in several]
    monkeypatch.setattr(networks, "_Built", lambda *args: built.append(0) or Built(*args))
    assert run(lambda number: chain([several[number]]), frame * 3) == alone
    assert len(built) == 1
    assert len({*alone}) > 1 or name == "lagfun"


def test_a_filter_that_remembers_is_told_and_never_set_up_anew() -> None:
    frames = noise(4)
    seen = pixels(
        run_network(lambda n: chain([Filter("lagfun", {"decay": n / 4})]), [SHAPE], [iter(frames)], forgets=False)
    )
    before = numpy.zeros((72, 64))
    for number, (frame, made) in enumerate(zip(frames, seen, strict=True)):
        given = frame.to_ndarray()
        before = numpy.maximum(given, numpy.floor(before * (number / 4))) if number else given
        assert numpy.abs(numpy.frombuffer(made, numpy.uint8).reshape(72, 64) - before).max() <= 1
    with pytest.raises(StepFailed, match="can't be told"):
        list(run_network(lambda n: chain([Filter("tmix", {"frames": n + 2})]), [SHAPE], [iter(frames)], forgets=False))


def test_several_inputs_are_laid_over_each_other_and_split_where_they_are_taken_twice() -> None:
    below, above = noise(3, 1), noise(3, 2)
    network = (
        Node(Filter("hflip"), (0,)),
        Node(Filter("blend", {"all_mode": "average"}), (2, 1)),
        Node(Filter("blend", {"all_mode": "average"}), (3, 2)),
    )
    flipped = [frame.to_ndarray().reshape(72, 64) for frame in (f for f in run_frames(below))]
    found = [numpy.frombuffer(data, numpy.uint8).reshape(72, 64) for data in run(lambda n: network, below, above)]
    for result, first, second in zip(found, flipped, above, strict=True):
        once = (first.astype(int) + second.to_ndarray()) // 2
        assert numpy.array_equal(result, (once + first) // 2)


def run_frames(frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
    return list(run_network(lambda n: chain([Filter("hflip")]), [SHAPE], [iter(frames)]))


def test_a_network_that_drops_frames_or_is_wrong_is_refused() -> None:
    with pytest.raises(StepFailed, match="another number of frames"):
        run(lambda n: chain([Filter("framestep", {"step": 2})]), noise(4))
    with pytest.raises(StepFailed, match="gblur"):
        run(lambda n: chain([Filter("gblur", {"sigma": -1})]), noise(1))
    with pytest.raises(StepFailed, match="can't be combined"):
        run(lambda n: (Node(Filter("hflip"), (0,)), Node(Filter("hflip"), (0,))), noise(1))


def test_an_input_may_be_left_alone() -> None:
    below, above = noise(3, 1), noise(3, 2)
    assert run(lambda n: (Node(Filter("null"), (n % 2,)),), below, above) == [
        pixels([frames[number]])[0] for number, frames in enumerate((below, above, below))
    ]
