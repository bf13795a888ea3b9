"""Sources with alpha: the colours as ever, and beside them how opaque each pixel is; kept in intermediates too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy
import pytest
from pixels import plane

from artdagd.render.reading.probe import probe
from artdagd.render.reading.source import open_source

WIDTH, HEIGHT = 64, 32
STEPS = "lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)'"
FILES = {
    "straight.png": ["-pix_fmt", "rgba"],
    "deep.png": ["-pix_fmt", "rgba64be"],
    "grey.png": ["-pix_fmt", "ya8"],
    "a.webp": ["-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"],
    "a.apng": ["-plays", "0", "-pix_fmt", "rgba"],
    "a.mov": ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"],
    "animation.mov": ["-c:v", "qtrle", "-pix_fmt", "argb"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-b:v", "1M"],
    "vp8.webm": ["-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "1M"],
    "ffv1.mkv": ["-c:v", "ffv1", "-pix_fmt", "yuva420p"],
}


def transparent(path: Path, options: list[str], seconds: float = 0.4) -> Path:
    """The left half fades from transparent to opaque, the right half is opaque."""
    picture = f"testsrc=s={WIDTH}x{HEIGHT}:r=10:d={seconds},format=yuva444p,geq={STEPS}:a='min(X*8,255)'"
    still = ["-frames:v", "1"] if path.suffix in (".png", ".webp") else []
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, *options, *still, path], check=True)
    return path


WANTED = numpy.tile(numpy.minimum(numpy.arange(WIDTH) * 8, 255), (HEIGHT, 1))


@pytest.mark.parametrize("name", FILES)
def test_alpha_stands_beside_the_colours(tmp_path, name):
    path = transparent(tmp_path / name, FILES[name])
    media = open_source(path)
    assert probe(path).video.alpha
    assert media.alpha.count == media.video.count
    assert (media.alpha.picture.format, media.alpha.picture.colour.full_range) == ("gray", True)
    assert {frame.color_range for frame in media.alpha.frames()} == {2}
    opacities = [plane(frame) for frame in media.alpha.frames()]
    assert len(opacities) == media.video.count
    lossy = 12 if name.startswith("vp") else 1
    for opacity in opacities:
        assert numpy.abs(opacity - WANTED).max() <= lossy
    assert next(media.video.frames()).format.name in ("yuv420p", "yuv444p")


def test_a_gif_knows_transparent_and_opaque(tmp_path):
    path = tmp_path / "a.gif"
    split = "split[a][b];[b]palettegen=reserve_transparent=1[p];[a][p]paletteuse"
    transparent(path, ["-filter_complex", f"[0]{split}"])
    opacity = plane(next(open_source(path).alpha.frames()))
    assert set(numpy.unique(opacity)) == {0, 255}
    assert (opacity[:, :8] == 0).all()
    assert (opacity[:, 40:] == 255).all()


@pytest.mark.parametrize("name", ["a.mov", "vp9.webm"])
def test_a_kept_intermediate_has_the_same_alpha(tmp_path, render, name):
    path = transparent(tmp_path / name, FILES[name])
    kept = render([("RESIZE", {}, ["a"])], {"a": path}, lossless=True)
    before = [plane(frame) for frame in open_source(path).alpha.frames()]
    media = open_source(kept)
    after = [plane(frame) for frame in media.alpha.frames()]
    assert len(after) == media.video.count == len(before)
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    assert [plane(frame).tolist() for frame in media.alpha.frames(2)] == [plane.tolist() for plane in after[2:]]
    assert probe(kept).video.alpha


def test_what_is_opaque_has_none(clip):
    assert open_source(clip("a.mp4", 2)).alpha is None
    assert not probe(clip("a.mp4", 2)).video.alpha
