"""Pictures laid together: as an independent ffmpeg does it from a command line that is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from artdagd.render.engine import render_pass
from artdagd.work import RenderPass, RenderStep
from tests.pixels import psnr

WIDTH, HEIGHT, RATE = 160, 90, 48000
SCALED = "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:in_color_matrix=bt601:out_color_matrix=bt601"

Planes = tuple[numpy.ndarray, ...]


@pytest.fixture(scope="module")
def sources(program: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
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
        program(
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


@pytest.fixture
def theirs(program: Callable[..., bytes], sources: dict[str, Path]) -> Callable[..., list[numpy.ndarray]]:
    """The pictures that a filter graph makes of the sources, which are its inputs in order."""

    def run(graph: str, names: Sequence[str], size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[numpy.ndarray]:
        files = [part for name in names for part in ("-i", sources[name])]
        ending = ("-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-")
        data = program(*files, "-filter_complex", f"{graph}[out]", "-map", "[out]", *ending)
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


def test_sound_crosses_with_equal_power(ours, program, sources) -> None:
    found = sound(ours(("SEQUENCE", ["one", "two"], {"transition": {"duration": 0.4}})))
    graph = "[0:a]atrim=end=0.8[a];[1:a]atrim=end=0.8[b];[a][b]acrossfade=d=0.4:c1=qsin:c2=qsin[out]"
    files = ("-i", sources["one"], "-i", sources["two"])
    data = program(*files, "-filter_complex", graph, "-map", "[out]", "-f", "f32le", "-")
    wanted = numpy.frombuffer(data, numpy.float32)
    assert len(found) == len(wanted) == round(1.2 * RATE)
    assert numpy.abs(found - wanted).max() < 1e-4


CORNER = {"anchor": "bottom_right", "x": -4, "y": -4}
MOVING = {"keyframes": [[0.0, 0.0, "linear"], [0.8, 80.0, "linear"]]}
LAYERS = {
    "in a corner": (CORNER, "[0][1]overlay=92:50"),
    "in the middle": ({}, "[0][1]overlay=48:26"),
    "half seen": ({**CORNER, "opacity": 0.5}, "[1]format=yuva420p,lutyuv=a=128[o];[0][o]overlay=92:50"),
    "smaller": (
        {"width": 25, "unit": "percent", "anchor": "left", "x": 10, "y": -10},
        f"[1]{SCALED}:w=40:h=22[o];[0][o]overlay=16:24",
    ),
    "filling": (
        {"width": 60, "height": 60, "fit": "cover", "anchor": "top"},
        f"[1]{SCALED}:w=106:h=60,crop=60:60:22:0[o];[0][o]overlay=50:0",
    ),
    "for a while": (
        {"start": 0.2, "end": 0.56},
        "[1]setpts=PTS+0.2/TB[o];[0][o]overlay=48:26:enable='between(t,0.19,0.55)'",
    ),
    "until it ends": ({"after": "hide"}, "[0][1]overlay=48:26:enable='lt(t,0.39)'"),
    "again": ({"after": "loop"}, "[1]loop=1:10,setpts=N/25/TB[o];[0][o]overlay=48:26"),
    "on its way": (
        {"anchor": "top_left", "x": MOVING, "y": -10},
        "[0][1]overlay=x='100*t':y=-10",
    ),
    "growing": (
        {"anchor": "top_left", "scale": {"keyframes": [[0.0, 1.0, "linear"], [0.8, 2.0, "linear"]]}, "after": "hide"},
        f"[1]{SCALED}:eval=frame:w='2*floor(32*(1+t/0.8)+0.5)':h='2*floor(18*(1+t/0.8)+0.5)'[o];[0][o]overlay=0:0:enable='lt(t,0.39)'",
    ),
}


@pytest.mark.parametrize(("config", "graph"), LAYERS.values(), ids=LAYERS.keys())
def test_layers_are_those_of_overlay(ours, theirs, config, graph) -> None:
    found = pictures(ours(("LAYER", ["one", "small"], config)))
    same(found, theirs(graph, ["one", "small"]), 45)


def test_what_is_masked_shows_what_is_behind(ours, theirs) -> None:
    steps = (("MASK", ["two", "small"], {"feather": 3, "invert": True}), ("LAYER", ["one", "s0"], {"opacity": 0.75}))
    grey = f"[2]{SCALED}:w={WIDTH}:h={HEIGHT}:out_range=pc,format=gray,tpad=stop_mode=clone:stop_duration=1"
    graph = f"{grey},negate,gblur=3[m];[1][m]alphamerge,lutyuv=a=val*0.75[o];[0][o]overlay=shortest=1"
    same(pictures(ours(*steps)), theirs(graph, ["one", "two", "small"]), 42)


KEYS = {
    "chroma": ({"color": "#00ff00", "similarity": 0.2, "blend": 0.1}, "chromakey=0x913622:0.2:0.1:yuv=1"),
    "rgb": (
        {"color": "#0000ff", "method": "rgb", "similarity": 0.3},
        f"{SCALED},format=rgba,colorkey=0x0000ff:0.3:0.05",
    ),
}


@pytest.mark.parametrize(("config", "filter"), KEYS.values(), ids=KEYS.keys())
def test_keys_are_those_of_ffmpeg(ours, theirs, config, filter) -> None:
    """Given a colour in RGB, chromakey looks for it as pictures of full range would have it."""
    found = pictures(ours(("CHROMA_KEY", ["small"], config), ("LAYER", ["one", "s0"], {"after": "hide"})))
    graph = f"[1]{filter},format=yuva420p[o];[0][o]overlay=48:26:enable='lt(t,0.39)'"
    wanted = theirs(graph, ["one", "small"])
    same(found, wanted, 40)
    plain = theirs("[0][1]overlay=48:26:enable='lt(t,0.39)'", ["one", "small"])
    assert psnr(found[3], plain[3]) < 30, "something was taken away"


def test_despill_is_that_of_ffmpeg(ours, theirs) -> None:
    found = pictures(ours(("CHROMA_KEY", ["two"], {"color": "#0000ff", "despill": 0.6})))
    same(found, theirs(f"[0]{SCALED},format=rgba,despill=blue:blue=-0.6,{SCALED},format=yuv420p", ["two"]), 40)


MODES = ["addition", "burn", "difference", "dodge", "exclusion", "hardlight", "multiply", "normal", "overlay", "screen"]


@pytest.mark.parametrize("mode", [*MODES, "softlight", "subtract"])
def test_blends_are_those_of_ffmpeg_with_the_second_picture_above(ours, theirs, mode) -> None:
    found = pictures(ours(("BLEND", ["one", "two"], {"mode": mode, "opacity": 0.6})))
    order = "[b][a]" if mode in ("burn", "dodge", "normal", "softlight") else "[a][b]"
    graph = (
        f"[0]{SCALED},format=gbrp,split[a][c];[1]{SCALED},format=gbrp[b];{order}blend=all_mode={mode}[d];"
        f"[d][c]blend=all_mode=normal:all_opacity=0.6,{SCALED},format=yuv420p"
    )
    same(found, theirs(graph, ["one", "two"]), 38)
