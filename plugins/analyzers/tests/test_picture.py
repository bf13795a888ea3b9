from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artdagd_analyzers import picture
from conftest import write_pictures

Seen = Callable[..., Any]
SIZE = (36, 64, 3)


def plain(*colour: int) -> Any:
    return np.full(SIZE, colour, np.uint8)


def texture(seed: int) -> Any:
    """Blobs of any colour: what two scenes might look like on the mean."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 8, 3))
    return np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)[:36].astype(np.uint8)


def moving(still: Any, pixels: int, count: int) -> list[Any]:
    return [np.roll(still, pixels * number, axis=1) for number in range(count)]


def square(at: int) -> Any:
    shown = plain(40, 40, 40)
    shown[:, at : at + 10] = 220
    return shown


def test_cuts_are_where_a_new_scene_begins(seen: Seen) -> None:
    scenes = [moving(texture(seed), seed % 3, 20 + seed) for seed in range(5)]
    starts = np.cumsum([len(scene) for scene in scenes])[:-1]
    assert seen(list(itertools.chain(*scenes)), "scenes") == [round(start / 25, 4) for start in starts]


@pytest.mark.parametrize(
    "pictures",
    [
        [plain(90, 90, 90)] * 30,
        [*[texture(1)] * 15, *[plain(255, 255, 255)] * 2, *[texture(1)] * 15],
        [texture(number % 2) for number in range(30)],
        [plain(8 * number, 8 * number, 8 * number) for number in range(30)],
        [(texture(1) * (1 - t) + texture(2) * t).astype(np.uint8) for t in np.linspace(0, 1, 25)],
        moving(texture(1), 4, 30),
        [texture(1)],
        [texture(1), texture(1)],
    ],
    ids=["still", "flash", "strobe", "fade", "dissolve", "fast pan", "one picture", "two pictures"],
)
def test_what_is_no_cut(seen: Seen, pictures: list[Any]) -> None:
    assert seen(pictures, "scenes") == []


def test_cuts_close_to_the_ends_and_to_each_other(seen: Seen) -> None:
    pictures = [*[texture(1)] * 2, *[texture(2)] * 6, *[texture(3)] * 10, *[texture(4)] * 1]
    assert seen(pictures, "scenes") == [0.08, 0.32, 0.72]


def test_motion_is_0_where_nothing_moves_and_1_where_most_does(seen: Seen) -> None:
    still, slow, fast = [square(0)] * 10, [square(at) for at in range(10)], [square(10 + 4 * n) for n in range(10)]
    found = seen(still + slow + fast, "motion")
    assert found["hop"] == 0.04
    assert len(found["values"]) == 30
    assert found["values"][:9] == [0.0] * 9
    assert max(found["values"]) == 1.0
    assert found["values"][12:19] == pytest.approx([0.25] * 7, abs=0.05)
    assert found["values"][22:] == pytest.approx([1.0] * 8, abs=0.05)


def test_a_cut_is_no_motion_and_a_picture_shown_twice_no_rest(seen: Seen) -> None:
    assert seen([*[texture(1)] * 15, *[texture(2)] * 15], "motion")["values"] == [0.0] * 30
    walk = [square(2 * number) for number in range(20)]
    held = [*walk[:10], walk[9], *walk[10:]]
    assert min(seen(held, "motion")["values"]) > 0.8


def test_colour_and_brightness_of_plain_pictures(seen: Seen) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 120, 40)]
    pictures = list(itertools.chain.from_iterable([plain(*colour)] * 2 for colour in colours))
    found = seen(pictures, "colour")
    assert found["hop"] == 0.04
    for value, colour in zip(found["values"][::2], colours, strict=True):
        assert value == pytest.approx(np.array(colour) / 255, abs=0.01)
    brightness = seen(pictures, "brightness")
    weights = np.array([0.2126, 0.7152, 0.0722])
    assert brightness["values"][::2] == pytest.approx([weights @ colour / 255 for colour in colours], abs=0.01)


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_a_gif_and_a_still_picture(analyzed: Callable[..., Any], tmp_path: Path, name: str) -> None:
    pictures = [plain(255, 0, 0)] * 12 + [plain(0, 0, 255)] * 12 if name == "a.gif" else [plain(255, 0, 0)]
    path = write_pictures(tmp_path / name, pictures, 10)
    found = analyzed(path, "scenes", "motion", "colour", "brightness")
    assert found["scenes"] == ([1.2] if name == "a.gif" else [])
    assert set(found["motion"]["values"]) == {0.0}
    assert found["colour"]["values"][0] == pytest.approx([1, 0, 0], abs=0.01)
    assert len(found["brightness"]["values"]) == len(pictures)


def test_odd_and_tiny_pictures(seen: Seen) -> None:
    for height, width in ((2, 2), (301, 3), (5, 333)):
        shown = np.full((height, width, 3), (200, 120, 40), np.uint8)
        assert seen([shown] * 3, "colour")["values"][2] == pytest.approx([0.784, 0.471, 0.157], abs=0.02)


def test_long_videos_have_values_further_apart(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    pictures = [plain(*[10 * number] * 3) for number in range(20)]
    whole = seen(pictures, "brightness")["values"]
    monkeypatch.setattr(picture, "MOST", 10)
    found = seen(pictures, "brightness")
    assert found["hop"] == 0.12
    assert found["values"] == pytest.approx([np.mean(whole[max(0, i - 1) : i + 2]) for i in range(0, 20, 3)], abs=0.002)
    assert len(seen(pictures, "colour")["values"]) == 7


def test_only_what_was_asked_for_is_given(analyzed: Callable[..., Any], tmp_path: Path) -> None:
    path = write_pictures(tmp_path / "a.mkv", [plain(1, 2, 3)] * 3, 25)
    assert set(analyzed(path, "brightness")) == {"brightness"}
