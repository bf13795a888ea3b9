"""The same filters, run by the system's ffmpeg from a command line that is written here: the pictures agree."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

RGB = "format=gbrp"

COMMANDS: list[tuple[str, dict[str, Any], str]] = [
    ("blur", {}, "gblur=sigma=4"),
    ("blur", {"sigma": 8, "steps": 2}, "gblur=sigma=8:steps=2"),
    ("echo", {"frames": 4}, "tmix=frames=4:weights=1 2 3 4"),
    ("edge", {"mode": "colormix"}, "format=gbrp,edgedetect=low=0.08:high=0.2:mode=colormix"),
    ("edge", {}, "format=gray,convolution=0m=0 0 0 0 4 2 0 2 1:0rdiv=1/9,edgedetect=low=0.08:high=0.2"),
    ("fade", {"duration": 0.3}, "fade=type=in:start_time=0:duration=0.3"),
    ("flip", {"direction": "both"}, "hflip,vflip"),
    ("grain", {"strength": 30, "seed": 7}, "noise=c0s=30:all_seed=7:c0f=t"),
    ("grayscale", {}, "hue=s=0"),
    ("heatmap", {"preset": "turbo"}, f"hue=s=0,{RGB},pseudocolor=preset=turbo"),
    ("hue", {"degrees": 120, "saturation": 1.5, "brightness": 1}, "hue=h=120:s=1.5:b=1"),
    ("mirror", {"keep": "top"}, "format=yuv444p,crop=iw:ih/2:0:0,split[a][b];[b]vflip[c];[a][c]vstack"),
    ("pixelate", {"size": 8}, "pixelize=w=8:h=8"),
    ("posterize", {"levels": 3}, f"{RGB},lutrgb=r=round(val/127.5)*127.5:g=round(val/127.5)*127.5"
                                 ":b=round(val/127.5)*127.5"),
    ("rgb_shift", {"rh": -5, "bv": 3}, "rgbashift=rh=-5:bh=6:bv=3"),
    ("sepia", {}, f"{RGB},colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131"),
    ("sharpen", {"amount": 2, "size": 7}, "unsharp=7:7:2"),
    ("solarize", {}, f"{RGB},lutrgb=r=if(gt(val\\,127.5)\\,255-val\\,val):g=if(gt(val\\,127.5)\\,255-val\\,val)"
                     ":b=if(gt(val\\,127.5)\\,255-val\\,val)"),
    ("trails", {"decay": 0.9}, f"{RGB},lagfun=decay=0.9"),
    ("vignette", {"angle": 45}, "vignette=angle=PI/4:dither=0"),
    ("color", {}, "eq=contrast=1.2:saturation=1.3"),
    ("color", {"contrast": 1, "saturation": 1, "hue": 70}, "hue=h=70"),
    ("zoom", {"factor": 2, "y": 22 / 45}, "format=yuv444p,crop=80:45:40:22,scale=160:90:flags=bicubic+accurate_rnd"),
]  # fmt: skip


FLOORS = {
    "zoom": 34,  # another cubic (Pillow's is softer), and chroma that was made finer before
    "color": 40,  # eq counts its tones from 0 to 255, and roughly
    "edge": 30,  # a rounding that differs moves a line
}
"""Where not 50 dB, an error of 0.8 steps of 255: what else is right."""


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        words = "ffmpeg is not installed, and these tests compare with it"
        if "ffmpeg" in os.environ.get("ARTDAG_TEST_REQUIRE", "").split(","):
            pytest.fail(words)
        pytest.skip(words)
    return found


def psnr(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Peak signal to noise of 8-bit numbers, in dB."""
    error = float(((one.astype(float) - other) ** 2).mean())
    return 99.0 if error == 0 else float(10 * numpy.log10(255**2 / error))


@pytest.mark.parametrize(("name", "config", "filters"), COMMANDS, ids=[command[0] for command in COMMANDS])
def test_the_pictures_are_ffmpegs(
    name: str,
    config: dict[str, Any],
    filters: str,
    ffmpeg: str,
    bunny: Path,
    render: Callable[..., Path],
    planes: Callable[[Path], list[tuple[numpy.ndarray, ...]]],
) -> None:
    flags = "bicubic+accurate_rnd+full_chroma_int+bitexact"
    command = [ffmpeg, "-v", "error", "-nostdin", "-r", "25", "-i", bunny, "-sws_flags", flags]
    command += ["-filter_complex", f"[0:v]{filters},scale=flags={flags},format=yuv420p"]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    ours = planes(render(bunny, (name, config)))
    theirs = numpy.frombuffer(done.stdout, numpy.uint8).reshape(len(ours), -1)
    for picture, wanted in zip(ours, theirs, strict=True):
        start = 0
        for plane in picture:
            assert psnr(plane.ravel(), wanted[start : start + plane.size]) > FLOORS.get(name, 50)
            start += plane.size
