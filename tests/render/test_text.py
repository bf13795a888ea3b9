"""TEXT: seen when and where it is told, and whatever it says."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest

from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.hooks.manager import Plugins
from artdagd.render.compositing.conform import to_format
from artdagd.render.compositing.opacity import opaque
from artdagd.render.drawing.planes import planes, repainted
from artdagd.render.reading.subtitles import read_subtitles
from artdagd.render.steps import generate, text
from artdagd.render.streams import Media
from artdagd.steps.catalogue import Catalogue

CATALOGUE = Catalogue.of(Plugins.load())
GREY = {"pattern": "color", "colors": ["#404040"], "width": 200, "height": 120, "duration": 1.0, "fps": 10.0}


def ground(**changes: object) -> Media:
    return generate.lower(CATALOGUE.config("GENERATE", {**GREY, **changes})[1], [], {})


def written(media: Media | None = None, *, moving: dict | None = None, **raw: object) -> Media:
    config = {**CATALOGUE.config("TEXT", raw)[1], **(moving or {})}
    return text.lower(config, [media or ground()], {})


def lumas(media: Media) -> list[numpy.ndarray]:
    return [planes(frame)[0].astype(int).copy() for frame in media.video.frames()]


def bright(luma: numpy.ndarray) -> tuple[float, float]:
    """The column and row that what is drawn has its weight at."""
    weight = (luma - luma.min()).astype(float)
    rows, columns = numpy.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    return float((weight * columns).sum() / weight.sum()), float((weight * rows).sum() / weight.sum())


def test_it_is_seen_from_its_start_to_its_end_and_changes_nothing_else() -> None:
    plain, made = lumas(ground(pattern="noise", colors=[])), lumas(
        written(ground(pattern="noise", colors=[]), text="Hi", start=0.3, end=0.7, position="top_left")
    )  # fmt: skip
    assert [numpy.array_equal(a, b) for a, b in zip(plain, made, strict=True)] == [
        n not in (3, 4, 5, 6) for n in range(10)
    ]
    assert numpy.array_equal(plain[4][40:], made[4][40:])
    assert numpy.array_equal(plain[4][:, 60:], made[4][:, 60:])


@pytest.mark.parametrize(("position", "column", "row"), [
    ("top_left", 40, 20), ("top", 100, 20), ("right", 160, 60), ("center", 100, 60), ("bottom_right", 160, 100),
])  # fmt: skip
def test_it_stands_where_it_is_told(position, column, row) -> None:
    centre = bright(lumas(written(text="HHHH", size=20, margin=8, position=position))[0])
    assert centre == pytest.approx((column, row), abs=6)


def test_captions_come_one_after_the_other_and_a_later_one_wins() -> None:
    captions = [{"start": 0.1, "end": 0.9, "text": "l"}, {"start": 0.4, "end": 0.6, "text": "wide words"}]
    drawn = [int((luma > 150).sum()) for luma in lumas(written(captions=captions))]
    assert drawn[0] == drawn[6] == drawn[9] == 0
    assert 0 < drawn[1] == drawn[3] < drawn[4] == drawn[5]


def test_it_fades_and_its_opacity_moves() -> None:
    peaks = [luma.max() for luma in lumas(written(text="I", fade=0.4, end=1.0))]
    assert peaks[:4] == sorted(set(peaks[:4]))
    assert peaks[-4:] == sorted(set(peaks[-4:]), reverse=True)
    moving = {"opacity": {"keyframes": [[0.0, 0.0, "linear"], [0.9, 1.0, "linear"]]}}
    peaks = [luma.max() for luma in lumas(written(text="I", moving=moving))]
    assert peaks == sorted(set(peaks))
    assert peaks[0] == lumas(ground())[0].max()


def test_it_moves_by_parts_of_a_pixel() -> None:
    moving = {"x": {"keyframes": [[0.0, 0.0, "linear"], [1.0, 5.0, "linear"]]}}
    steps = numpy.diff([bright(luma)[0] for luma in lumas(written(text="HO", size=40, moving=moving))])
    assert steps.mean() == pytest.approx(0.5, abs=0.02)
    assert steps.std() < 0.06


def test_a_whole_pixel_is_a_whole_pixel() -> None:
    here, there = lumas(written(text="HO", size=40))[0], lumas(written(text="HO", size=40, x=1.0, y=-3.0))[0]
    assert numpy.array_equal(here[3:, :-1], there[:-3, 1:])


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p"])
def test_a_part_of_a_pixel_is_that_part(format) -> None:
    """Of its light and of its colour: in sixteenths of a pixel, those of chroma being twice as large in 4:2:0."""

    def weight(number: int, sixteenths: int) -> numpy.ndarray:
        video = ground().video
        shape = replace(video.picture, format=format)
        base = Media(video.filtered(to_format(shape), shape), None)
        config = {"text": "HO", "size": 40, "color": "#ff2020" if number else "#ffffff"}
        made = written(base, **config, x=sixteenths / 16, y=-sixteenths / 16)
        frame = next(made.video.frames())
        part = planes(frame)[number].astype(int)
        return numpy.array(bright(part)) * (frame.width / part.shape[1])

    for number in (0, 2):
        before, less, here, more = (weight(number, sixteenths) for sixteenths in (0, 4, 5, 6))
        assert here - before == pytest.approx((5 / 16, -5 / 16), abs=0.07)  # FreeType's edges are not exact
        assert (numpy.diff([less, here, more], axis=0) * (1, -1) > 0.03).all()


def test_lines_are_broken_between_words_and_words_where_they_must() -> None:
    def height(**raw: object) -> int:
        return int(numpy.ptp(numpy.nonzero((lumas(written(size=10, **raw))[0] > 150).any(1))[0]))

    assert height(text="one two", width=100) < 12
    assert 18 < height(text="one two three four five", width=30) < 60
    assert 18 < height(text="W" * 12, width=30) < 60


@pytest.mark.parametrize(
    "words",
    [
        "A" * 10_000,
        "ab " * 3333,
        "\n" * 9_999 + "x",
        "\x00\x07\x1b\u202e\ufeff",
        "שלום مرحبا",
        "😀🏳️‍🌈",
        "e" + "\u0301" * 5000,
    ],
    ids=["long word", "many words", "empty lines", "control", "right to left", "emoji", "marks"],
)
def test_whatever_is_written_is_drawn_within_the_picture(words) -> None:
    first, again = (lumas(written(text=words, size=16))[0] for _ in range(2))
    assert first.shape == (120, 200)
    assert numpy.array_equal(first, again)
    if words[0] in "\x00":
        assert numpy.array_equal(first, lumas(ground())[0]), "what has no picture is left out"


def test_what_is_far_too_large_is_cut_to_what_the_picture_can_hold() -> None:
    huge = {"size": 4096.0, "outline": 4096.0, "shadow": 4096.0, "padding": 4096.0, "box": "#ff0000"}
    assert lumas(written(text="W", **huge))[0].shape == (120, 200)


def test_it_is_opaque_over_what_is_transparent() -> None:
    still = ground()
    clear = repainted(opaque(still.video), lambda number, parts: [parts[0] // 4], opaque(still.video).picture)
    made = written(replace(still, alpha=clear), text="HH", size=60, position="center", x=3.4)
    cover = planes(next(made.alpha.frames()))[0]
    luma = lumas(made)[0]
    assert (cover.min(), cover.max()) == (63, 255)
    assert numpy.array_equal(cover > 63, luma > luma.min())


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"text": "a", "captions": [{"start": 0, "end": 1, "text": "b"}]}, "give either text or captions"),
        ({"captions": [{"start": 1, "end": 1, "text": "b"}]}, "end after its start"),
        (
            {"captions": [{"start": 1, "end": 2, "text": "b"}, {"start": 0, "end": 2, "text": "a"}]},
            "in the order of their",
        ),
        ({"text": "a", "size": "7 %"}, "percent of the picture"),
        ({"text": "a" * 10_001}, "text"),
    ],
)
def test_what_makes_no_sense_is_refused(raw, words) -> None:
    with pytest.raises(InvalidRecipe, match=words):
        CATALOGUE.config("TEXT", raw)


SRT = (
    "\ufeff1\r\n00:00:00,100 --> 00:00:00,4 X1:0\r\n<i>One</i>\r\n{\\an8}two\r\n\r\n"
    "\r\n00:00:00.500 --> 01:00:00.000\r\n<3\r\n"
)


def test_subtitles_are_captions(tmp_path) -> None:
    file = tmp_path / "words.srt"
    file.write_text(SRT, newline="")
    captions = [{"start": 0.1, "end": 0.4, "text": "One\ntwo"}, {"start": 0.5, "end": 3600.0, "text": "<3"}]
    assert read_subtitles(file) == captions
    config = CATALOGUE.config("TEXT", {})[1]
    made = text.lower(config, [ground(), Media(None, None, data=file)], {})
    assert numpy.array_equal(lumas(made), lumas(written(captions=captions)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "there are none"),
        ("1\n00:00:02,000 --> 00:00:01,000\nx", "line 2: it ends before it starts"),
        ("00:00:01,000 --> 00:00:02,000\nx\n\nhello" + "!" * 100, "line 4: 'hello!{35}' is no line of times"),
        ("00:00:00,000 --> 00:00:01,000\nx\n\n" * 5001, "there are 5001, and the most is 5000"),
    ],
)
def test_subtitles_that_are_none_are_refused(tmp_path, words, said) -> None:
    file = tmp_path / "words.srt"
    file.write_text(words)
    with pytest.raises(StepFailed, match=said):
        read_subtitles(file)
