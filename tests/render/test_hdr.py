"""HDR footage becomes BT.709: grey stays grey, order stays, white paper is white, and what is stored tells its peak."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy
import pytest
from pixels import plane

from artdagd.render.reading.hdr import table
from artdagd.render.reading.probe import probe
from artdagd.render.reading.source import open_source
from artdagd.render.streams import Colour

TRANSFERS = {"pq": "smpte2084", "hlg": "arib-std-b67"}
LIMITED = "scale=in_range=pc:out_range=tv:out_color_matrix=bt2020,format=yuv420p10le"


def footage(path: Path, kind: str, *options: str, drawn: str = "lum=X*257") -> Path:
    """A ramp over all codes from left to right."""
    picture = f"color=black:s=256x32:r=10:d=0.3,format=gray16le,geq={drawn}"
    tags = [
        "-color_range",
        "tv",
        "-colorspace",
        "bt2020nc",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        TRANSFERS[kind],
    ]
    coded = options or ("-c:v", "libx264", "-qp", "0")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-vf", LIMITED, *tags, *coded, path], check=True
    )
    return path


@pytest.mark.parametrize("kind", TRANSFERS)
def test_a_ramp_stays_grey_and_in_order(tmp_path, kind):
    path = footage(tmp_path / "a.mkv", kind)
    assert probe(path).video.hdr == kind
    video = open_source(path).video
    assert video.picture.colour == Colour(1, 1, 1, False)
    frames = list(video.frames())
    assert len(frames) == 3
    luma = plane(frames[0])[16]
    assert luma[0] == 16
    assert luma[-1] in (235, 236)
    assert (numpy.diff(luma) >= -1).all()
    for number in (1, 2):
        assert numpy.abs(plane(frames[0], number) - 128).max() <= 1
    assert (int(frames[0].colorspace), int(frames[0].color_primaries), int(frames[0].color_trc)) == (1, 1, 1)
    later = next(video.frames(2))
    assert (plane(later) == plane(frames[2])).all()


def test_middle_grey_is_as_bright_as_recommended():
    """BT.2408: a grey card of 18 % is 26 cd/m² in PQ (code 0.38) and in HLG (code 0.38): about 41 % of SDR's codes."""
    for kind in TRANSFERS:
        code = table(kind, 1000.0)[..., 0].reshape(36, 36, 36)
        grey = numpy.interp(0.38, numpy.arange(36) / 35, [code[i, i, i] / 65535 for i in range(36)])
        assert 0.36 < grey < 0.46


def test_footage_that_tells_its_peak_uses_it(tmp_path):
    lumas = []
    for peak in (1000, 4000):
        master = f"G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L({peak}0000,1)"
        params = f"lossless=1:log-level=none:hdr-opt=1:repeat-headers=1:master-display={master}"
        params += ":colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
        path = footage(tmp_path / f"{peak}.mkv", "pq", "-c:v", "libx265", "-x265-params", params)
        lumas.append(plane(next(open_source(path).video.frames()))[16])
    bright = slice(150, 200)
    assert (lumas[0][bright] > lumas[1][bright]).all()


def test_a_colour_outside_bt709_keeps_its_hue():
    """Pure BT.2020 green at half its light is a green of BT.709, no white and no black."""
    nodes = table("hlg", 1000.0).reshape(36, 36, 36, 3)
    red, green, blue = nodes[0, 18, 0] / 65535
    assert green > 0.5
    assert red == blue == 0
