"""Pictures laid together: as an independent ffmpeg does it from a command line that is written here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from artdagd.render.engine import render_pass
from artdagd.work import RenderPass, RenderStep
from tests.needs import missing

WIDTH, HEIGHT, RATE = 160, 90, 48000
SCALED = "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:in_color_matrix=bt601:out_color_matrix=bt601"

Planes = tuple[numpy.ndarray, ...]


@pytest.fixture(scope="module")
def ffmpeg() -> Callable[..., bytes]:
    """``ffmpeg(args…)`` gives what the program writes to its output."""
    found = shutil.which("ffmpeg")
    if found is None:
        missing("ffmpeg", "install it, these tests compare with it")

    def run(*arguments: object) -> bytes:
        command = [found, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture(scope="module")
def sources(ffmpeg: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """``one`` and ``two``: 20 frames at 25 a second with sound; ``small``: 10 frames, another size."""
    folder = tmp_path_factory.mktemp("sources")
    pictures = {
        "one": f"testsrc2=s={WIDTH}x{HEIGHT}:r=25:d=0.8",
        "two": f"mandelbrot=s={WIDTH}x{HEIGHT}:r=25:maxiter=60:start_scale=0.01,trim=end_frame=20",
        "small": "rgbtestsrc=s=64x36:r=25:d=0.4",
    }
    made = {}
    for number, (name, picture) in enumerate(pictures.items()):
        made[name] = folder / f"{name}.mkv"
        tone = f"sine=f={300 + 140 * number}:r={RATE}:d=0.8"
        ffmpeg(
            *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-shortest"),
            *("-c:v", "libx264", "-qp", 0, "-pix_fmt", "yuv420p", "-g", 5, "-c:a", "pcm_s16le", made[name]),
        )
    return made


@pytest.fixture
def ours(tmp_path: Path, sources: dict[str, Path]) -> Callable[..., Path]:
    """``ours((type, inputs, config), …)``: these steps in one pass, named s0, s1, …; the path of the result."""

    def render(*steps: tuple[str, Sequence[str], dict[str, Any]]) -> Path:
        listed = tuple(RenderStep(f"s{i}", kind, config, tuple(names)) for i, (kind, names, config) in enumerate(steps))
        work = RenderPass(listed, {name: str(path) for name, path in sources.items()}, None)
        output = tmp_path / "ours.mkv"
        render_pass(work, output, {}, lambda fraction: None, lambda: False)
        return output

    return render


def pictures(path: Path) -> list[numpy.ndarray]:
    """All samples of each picture, plane after plane."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray().ravel() for frame in file.decode(video=0)]


def sound(path: Path) -> numpy.ndarray:
    with av.open(str(path)) as file:
        return numpy.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)])


def psnr(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Peak signal to noise of 8-bit numbers, in dB."""
    error = float(((one.astype(float) - other) ** 2).mean())
    return 99.0 if error == 0 else float(10 * numpy.log10(255**2 / error))


@pytest.fixture
def theirs(ffmpeg: Callable[..., bytes], sources: dict[str, Path]) -> Callable[..., list[numpy.ndarray]]:
    """The pictures that a filter graph makes of the sources, which are its inputs in order."""

    def run(graph: str, names: Sequence[str], size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[numpy.ndarray]:
        files = [part for name in names for part in ("-i", sources[name])]
        ending = ("-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-")
        data = ffmpeg(*files, "-filter_complex", f"{graph}[out]", "-map", "[out]", *ending)
        return list(numpy.frombuffer(data, numpy.uint8).reshape(-1, size[0] * size[1] * 3 // 2))

    return run


def same(found: list[numpy.ndarray], wanted: list[numpy.ndarray], floor: float) -> None:
    assert len(found) == len(wanted)
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        assert psnr(one, other) > floor, f"frame {number}"


TRANSITIONS = {
    "crossfade": ({"type": "crossfade"}, "fade", 48),
    "wipe left": ({"type": "wipe", "direction": "left"}, "wipeleft", 30),
    "wipe down": ({"type": "wipe", "direction": "down"}, "wipedown", 30),
}


@pytest.mark.parametrize(("config", "kind", "floor"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_transitions_are_those_of_xfade(ours, theirs, config, kind, floor) -> None:
    """In light: xfade works in 4:4:4. The floor of those that move an edge is what an edge a pixel off costs."""
    found = pictures(ours(("SEQUENCE", ["one", "two"], {"transition": {**config, "duration": 0.4}})))
    assert len(found) == 30
    graph = f"[0:v]settb=1/25[a];[1:v]settb=1/25[b];[a][b]xfade=transition={kind}:duration=0.4:offset=0.4"
    light = slice(WIDTH * HEIGHT)
    same([frame[light] for frame in found], [frame[light] for frame in theirs(graph, ["one", "two"])], floor)


def lit(path: Path) -> list[numpy.ndarray]:
    return [picture[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH) for picture in pictures(path)]


def even(size: float) -> int:
    return 2 * int(numpy.floor(size / 2 + 0.5))


@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
def test_a_slide_pushes_the_old_clip_out(ours, sources, direction) -> None:
    turn = {"type": "slide", "direction": direction, "duration": 0.32}
    found = lit(ours(("SEQUENCE", ["one", "two"], {"transition": turn})))
    axis, ahead = int(direction in ("left", "right")), direction in ("left", "up")
    for step in range(8):
        old, new = lit(sources["one"])[12 + step], lit(sources["two"])[step]
        size = even(step / 8 * old.shape[axis])
        both = numpy.concatenate((old, new) if ahead else (new, old), axis)
        start = size if ahead else old.shape[axis] - size
        assert numpy.array_equal(found[12 + step], both.take(range(start, start + old.shape[axis]), axis)), step


def test_a_fade_goes_through_its_colour(ours, sources) -> None:
    turn = {"type": "fade", "duration": 0.4, "color": "#ff8000"}
    found = pictures(ours(("SEQUENCE", ["one", "two"], {"transition": turn})))
    old, new = pictures(sources["one"])[10:], pictures(sources["two"])
    colour = numpy.repeat([146, 53, 193], [WIDTH * HEIGHT, WIDTH * HEIGHT // 4, WIDTH * HEIGHT // 4])
    for step in range(10):
        share = 1 - abs(2 * step / 10 - 1)
        wanted = (1 - share) * (old if step < 5 else new)[step] + share * colour
        assert numpy.abs(found[10 + step] - wanted).max() <= 0.51


def test_sound_crosses_with_equal_power(ours, ffmpeg, sources) -> None:
    found = sound(ours(("SEQUENCE", ["one", "two"], {"transition": {"duration": 0.4}})))
    graph = "[0:a]atrim=end=0.8[a];[1:a]atrim=end=0.8[b];[a][b]acrossfade=d=0.4:c1=qsin:c2=qsin[out]"
    files = ("-i", sources["one"], "-i", sources["two"])
    data = ffmpeg(*files, "-filter_complex", graph, "-map", "[out]", "-f", "f32le", "-")
    wanted = numpy.frombuffer(data, numpy.float32)
    assert len(found) == len(wanted) == round(1.2 * RATE)
    assert numpy.abs(found - wanted).max() < 1e-4
