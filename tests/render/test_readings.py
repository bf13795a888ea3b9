"""Wherever a reading starts, and whatever was read before, frame ``n`` of a file is the same picture; files that stay
open between parts are closed, and never taken for others."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from av import VideoFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pixels import plane

from artdagd.render import threads
from artdagd.render.reading.shelf import PLACES, Shelf
from artdagd.render.reading.source import open_source
from artdagd.render.streams import VideoStream, close
from artdagd.render.threads import sharing

FRAMES = 96
NOISE = "testsrc2=size=96x64:rate=25,noise=alls=40:allf=t"
PYRAMID = ("-bf", "3", "-x264-params", "b-pyramid=normal:ref=4")
FILES = {
    "long groups.mp4": ("libx264", "-g", "250", *PYRAMID),
    "short groups.mkv": ("libx264", "-g", "12", *PYRAMID),
    "open groups.ts": ("libx264", "-g", "24", "-bf", "3", "-x264-params", "open-gop=1:bframes=3:b-pyramid=strict"),
    "refreshed.mp4": ("libx264", "-g", "30", "-bf", "0", "-x264-params", "intra-refresh=1"),
    "h265.mp4": ("libx265", "-preset", "ultrafast", "-x265-params", "keyint=40:bframes=4:open-gop=1:log-level=none"),
    "single.mov": ("prores_ks",),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("readings")
    made = {name: folder / name.replace(" ", "-") for name in FILES}
    for name, path in made.items():
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", NOISE, "-frames:v", str(FRAMES), "-pix_fmt", "yuv420p"]
        subprocess.run([*command, "-c:v", *FILES[name], str(path)], check=True)
    return made


def look(frame: VideoFrame) -> str:
    return sha256(b"".join(plane(frame, number).tobytes() for number in range(3))).hexdigest()[:8]


def looks(video: VideoStream, start: int = 0, count: int = FRAMES) -> list[str]:
    reader = video.frames(start)
    try:
        return [look(frame) for frame in islice(reader, count)]
    finally:
        close(reader)


def video_of(path: Path, shelf: Shelf | None = None) -> VideoStream:
    video = (open_source(path) if shelf is None else shelf.source(path)).video
    assert video is not None
    return video


@pytest.fixture(scope="module")
def all_of(files: dict[str, Path]) -> dict[str, list[str]]:
    found = {name: looks(video_of(path)) for name, path in files.items()}
    assert all(len(set(frames)) == FRAMES for frames in found.values())
    return found


@pytest.mark.parametrize("name", FILES)
@given(parts=st.lists(st.tuples(st.integers(0, FRAMES - 1), st.integers(1, 12)), min_size=1, max_size=6))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_frame_is_the_same_whatever_was_read_before(
    files: dict[str, Path], all_of: dict[str, list[str]], name: str, parts: list[tuple[int, int]]
) -> None:
    shelf = Shelf()
    for start, count in parts:
        assert looks(video_of(files[name], shelf), start, count) == all_of[name][start : start + count]
    shelf.clear()


def test_reading_on_decodes_no_frame_twice(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from artdagd.render.reading import readings

    decoded: list[str] = []
    tagged = readings.tagged
    monkeypatch.setattr(readings, "tagged", lambda frame: decoded.append("") or tagged(frame))
    shelf = Shelf()
    for start in (0, 30, 60):
        looks(video_of(files["long groups.mp4"], shelf), start, 30)
    assert 90 <= len(decoded) <= 92
    looks(video_of(files["long groups.mp4"], Shelf()), 90, 1)
    assert len(decoded) < 92 + 60, "what nothing refers to is left out on the way"


def test_a_file_that_changed_is_read_anew(files: dict[str, Path], all_of: dict[str, list[str]], tmp_path: Path) -> None:
    shelf, path = Shelf(), tmp_path / "file.mp4"
    path.write_bytes(files["long groups.mp4"].read_bytes())
    assert looks(video_of(path, shelf), 0, 5) == all_of["long groups.mp4"][:5]
    other = tmp_path / "other"
    other.write_bytes(files["refreshed.mp4"].read_bytes())
    other.replace(path)
    assert looks(video_of(path, shelf), 5, 5) == all_of["refreshed.mp4"][5:10]


def opened(folder: Path) -> set[str]:
    """The files in a folder that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add(os.readlink(f"/proc/self/fd/{name}"))
    return {path for path in found if path.startswith(str(folder))}


def test_few_files_stay_open_and_none_when_it_is_cleared(files: dict[str, Path], tmp_path: Path) -> None:
    shelf = Shelf()
    for number in range(PLACES + 2):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(files["long groups.mp4"].read_bytes())
        looks(video_of(path, shelf), 3, 3)
    assert opened(tmp_path) == {str(tmp_path / f"{number}.mp4") for number in range(2, PLACES + 2)}
    shelf.clear()
    assert opened(tmp_path) == set()


def test_a_file_is_closed_with_the_last_that_has_its_reader(files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "one.mp4"
    path.write_bytes(files["long groups.mp4"].read_bytes())
    looks(video_of(path), 3, 3)
    assert opened(tmp_path) == set()


def damaged(path: Path, folder: Path) -> Path:
    broken = bytearray(path.read_bytes())
    for place in range(len(broken) // 3, len(broken) // 2, 701):
        broken[place] ^= 0xFF
    made = folder / path.name
    made.write_bytes(broken)
    return made


@pytest.mark.parametrize("name", ["short groups.mkv", "long groups.mp4", "single.mov"])
def test_damage_looks_the_same_in_one_piece_and_in_parts(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, shelf = damaged(files[name], tmp_path), Shelf()
    monkeypatch.setattr(threads, "DECODERS", 4)
    whole = looks(video_of(path))
    assert whole != looks(video_of(files[name]))
    with sharing(True):
        for start in range(0, FRAMES - 8, 8):
            assert looks(video_of(path, shelf), start, 8) == whole[start : start + 8]
            assert looks(video_of(path), start, 8) == whole[start : start + 8]
    shelf.clear()


def test_damage_that_is_not_told_of_looks_the_same_with_any_number_of_threads(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = damaged(files["h265.mp4"], tmp_path)
    seen = []
    for number in (1, 4):
        monkeypatch.setattr(threads, "DECODERS", number)
        seen.append(looks(video_of(path)))
    assert seen[0] == seen[1]
