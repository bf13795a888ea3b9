"""One reading for several readers: each frame is computed once while they are near, and is right wherever they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from av import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from artdagd.render.shared import WINDOW, WINDOW_BYTES, shared, window
from artdagd.render.steps import chroma_key
from artdagd.render.streams import Media, Picture, VideoStream

SMALL = Picture(64, 64, "yuv420p", Fraction(25))


class Source:
    """A stream of numbered frames that counts how often each is made."""

    def __init__(self, count: int, picture: Picture = SMALL) -> None:
        self.made: Counter[int] = Counter()
        self.open = 0

        def source(start: int) -> Iterator[VideoFrame]:
            self.open += 1
            try:
                for number in range(start, count):
                    self.made[number] += 1
                    frame = VideoFrame(picture.width, picture.height, picture.format)
                    frame.pts = number
                    yield frame
            finally:
                self.open -= 1

        self.stream = VideoStream(picture, count, picture, source, lambda start: 0)


def numbers(frames: Iterator[VideoFrame]) -> list[int]:
    return [frame.pts for frame in frames]


def test_readers_in_step_share_one_reading():
    source = Source(100)
    stream = shared(source.stream)
    for number, frames in enumerate(zip(stream.frames(), stream.frames(), stream.frames(), strict=True)):
        assert [frame.pts for frame in frames] == [number] * 3
    assert set(source.made.values()) == {1}
    assert source.open == 0


def test_readers_one_after_the_other_read_twice():
    source = Source(100)
    stream = shared(source.stream)
    assert numbers(stream.frames()) + numbers(stream.frames()) == [*range(100)] * 2
    assert set(source.made.values()) == {2}


def test_one_that_starts_behind_comes_to_share():
    source = Source(200)
    stream = shared(source.stream)
    ahead, behind = stream.frames(100), stream.frames(0)
    assert next(ahead).pts == 100
    assert [next(behind).pts for _ in range(100)] == [*range(100)]
    for number in range(101, 200):
        assert (next(behind).pts, next(ahead).pts) == (number - 1, number)
    assert source.made[150] == 1
    assert source.made[100] == 1


def test_one_that_is_left_far_behind_is_right():
    source = Source(200)
    stream = shared(source.stream)
    slow, fast = stream.frames(), stream.frames()
    assert (next(slow).pts, next(fast).pts) == (0, 0)
    assert numbers(fast) == [*range(1, 200)]
    assert numbers(slow) == [*range(1, 200)]


def test_no_more_is_held_than_is_said():
    assert window(SMALL) == WINDOW
    large = Picture(7680, 4320, "yuv444p", Fraction(25))
    assert window(large) == 2
    uhd = Picture(3840, 2160, "yuv420p", Fraction(25))
    assert window(uhd) * 3840 * 2160 * 1.5 <= WINDOW_BYTES
    source = Source(100)
    stream = shared(source.stream)
    slow, fast = stream.frames(), stream.frames()
    next(slow)
    for _ in range(WINDOW + 2):
        next(fast)
    assert numbers(slow) == [*range(1, 100)]
    assert source.made[1] == 2, "frame 1 was no longer held"


@pytest.mark.parametrize("left", [0, 1])
def test_when_one_ends_early_the_other_goes_on(left: int):
    source = Source(50)
    stream = shared(source.stream)
    readers = [stream.frames(), stream.frames()]
    for _ in range(10):
        assert len({next(reader).pts for reader in readers}) == 1
    readers[1 - left].close()
    assert numbers(readers[left]) == [*range(10, 50)]
    assert set(source.made.values()) == {1}
    assert source.open == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 79), st.integers(1, 120)), min_size=1, max_size=6), st.randoms())
def test_whatever_readers_do_each_sees_its_frames(plan: list[tuple[int, int]], random):
    source = Source(80)
    stream = shared(source.stream)
    readers = [(stream.frames(start), iter(range(start, 80)), [length]) for start, length in plan]
    while readers:
        reader, expected, left = random.choice(readers)
        for _ in range(random.randint(1, 40)):
            frame, number = next(reader, None), next(expected, None)
            assert (frame.pts if frame else None) == number
            left[0] -= 1
            if frame is None or not left[0]:
                reader.close()
                readers = [each for each in readers if each[0] is not reader]
                break
    assert source.open == 0


def test_readers_in_several_threads_each_see_their_frames():
    source = Source(300)
    stream = shared(shared(source.stream))
    with ThreadPoolExecutor(4) as threads:
        read = [threads.submit(lambda start=start: numbers(stream.frames(start))) for start in (0, 0, 5, 150)]
        assert [one.result() for one in read] == [[*range(start, 300)] for start in (0, 0, 5, 150)]
    assert source.open == 0


def test_a_key_reads_its_picture_once_for_colours_and_alpha():
    source = Source(40)
    keyed = chroma_key.lower({"color": "#00ff00", "despill": 0.5}, [Media(source.stream, None)], {})
    assert len(list(zip(keyed.video.frames(), keyed.alpha.frames(), strict=True))) == 40
    assert set(source.made.values()) == {1}
