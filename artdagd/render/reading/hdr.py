"""HDR pictures on an SDR screen: PQ and HLG become BT.709 through a table of colours.

The table holds, for each of its nodes: the light of the code (SMPTE ST 2084; ITU-R BT.2100 for HLG, with its OOTF for a
screen of 1000 cd/m²), its brightest primary brought from the peak of the mastering screen to SDR_WHITE by the curve of
ITU-R BT.2390-10 (5.4.1), the other two along with it so that hues stay, BT.2020 primaries to BT.709 (ITU-R BT.2087),
what is outside cut off, and the inverse of BT.1886. libavfilter looks pixels up in it, between nodes too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Literal

import numpy
from av import VideoFrame
from av.sidedata.sidedata import Type

from artdagd.hooks.types import Filter
from artdagd.render.graphs import scale
from artdagd.render.networks import Node
from artdagd.render.reading.sidedata import side_data
from artdagd.render.streams import Colour, Picture, VideoStream, composed

HDR: dict[int, Literal["pq", "hlg"]] = {16: "pq", 18: "hlg"}
"""Transfer functions of ITU-T H.273 that are brought to BT.709."""

SDR_WHITE = 203.0
"""cd/m² of an HDR picture's white paper (ITU-R BT.2408), which an SDR picture shows as its brightest white."""

PEAK = 1000.0
"""cd/m² of the brightest light in footage that does not say: above it all is white."""

LEVEL = 6
"""Of the table: LEVEL² nodes for each primary, as a picture of LEVEL³ x LEVEL³ pixels."""

BT709 = Colour(1, 1, 1, False)
TO_709 = numpy.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
BT2020_LUMA = numpy.array([0.2627, 0.6780, 0.0593])


def mastering_peak(frame: VideoFrame) -> float:
    """The brightest light of the screen that the footage was made on, in whole cd/m²; PEAK if it isn't said."""
    data = side_data(frame, Type.MASTERING_DISPLAY_METADATA)
    if len(data) < 88 or not struct.unpack_from("=i", data, 84)[0]:
        return PEAK
    numerator, denominator = struct.unpack_from("=2i", data, 72)
    return float(min(max(round(numerator / denominator), 400), 10_000)) if numerator > 0 < denominator else PEAK


def to_sdr(video: VideoStream, first: VideoFrame, size: tuple[int, int], format: str) -> VideoStream:
    """The stream, whose frames are like ``first``, as BT.709 pictures of this size and format, of limited range."""
    kind = HDR[video.picture.colour.transfer]
    picture = Picture(*size, format, video.picture.fps, BT709)
    network = (
        Node(scale(), (0,)),
        Node(Filter("format", {"pix_fmts": "gbrp16le"}), (2,)),
        Node(Filter("haldclut", {"clut": "first"}), (3, 1)),
        Node(scale(w=size[0], h=size[1], out_range="tv", out_color_matrix="bt709"), (4,)),
        Node(Filter("format", {"pix_fmts": format}), (5,)),
        Node(Filter("setsar", {"sar": "1"}), (6,)),
        Node(Filter("setparams", {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}), (7,)),
    )
    return composed((video, _table(kind, mastering_peak(first), video)), lambda number: network, picture)


def _table(kind: str, peak: float, video: VideoStream) -> VideoStream:
    """The table as a stream that goes along with ``video``."""
    nodes = table(kind, peak)
    shape = Picture(LEVEL**3, LEVEL**3, "gbrp16le", video.picture.fps, Colour(0, full_range=True))

    def source(start: int) -> Iterator[VideoFrame]:
        frame = VideoFrame.from_ndarray(nodes, format="gbrp16le")
        frame.colorspace, frame.color_range = 0, 2
        for _ in range(start, video.count):
            yield frame

    return VideoStream(shape, video.count, shape, source, lambda start: 0)


@cache
def table(kind: str, peak: float) -> numpy.ndarray:
    """The Hald picture: uint16 of shape (rows, columns, red green blue); red runs fastest, then green, then blue."""
    side = LEVEL**2
    ramp = numpy.arange(side) / (side - 1)
    blue, green, red = numpy.meshgrid(ramp, ramp, ramp, indexing="ij")
    codes = numpy.stack([red, green, blue], axis=-1).reshape(-1, 3)
    light = _pq_light(codes) if kind == "pq" else _hlg_light(codes)
    brightest = light.max(axis=1, keepdims=True)
    shown = _rolled(brightest, peak if kind == "pq" else PEAK) / SDR_WHITE
    linear = light * numpy.divide(shown, brightest, out=numpy.zeros_like(shown), where=brightest > 0)
    screen = numpy.clip(linear @ TO_709.T, 0, 1) ** (1 / 2.4)
    return numpy.ascontiguousarray(numpy.round(screen * 65535).astype(numpy.uint16).reshape(LEVEL**3, LEVEL**3, 3))


M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
"""The constants of SMPTE ST 2084."""


def _pq_light(code: numpy.ndarray) -> numpy.ndarray:
    """cd/m² of a PQ code (0..1)."""
    power = code ** (1 / M2)
    light: numpy.ndarray = 10_000 * (numpy.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)
    return light


def _pq_code(light: numpy.ndarray | float) -> numpy.ndarray:
    power = (numpy.asarray(light) / 10_000) ** M1
    code: numpy.ndarray = ((C1 + C2 * power) / (1 + C3 * power)) ** M2
    return code


def _hlg_light(code: numpy.ndarray) -> numpy.ndarray:
    """cd/m² that a screen of 1000 cd/m² shows for an HLG code (0..1)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = numpy.where(code <= 0.5, code**2 / 3, (numpy.exp((code - c) / a) + b) / 12)
    luma = (scene @ BT2020_LUMA)[:, None]
    light: numpy.ndarray = 1000 * scene * luma**0.2
    return light


def _rolled(light: numpy.ndarray, peak: float) -> numpy.ndarray:
    """The curve of BT.2390: light up to ``peak`` within 0..SDR_WHITE."""
    top = _pq_code(peak)
    code = numpy.minimum(_pq_code(light) / top, 1)
    most = float(_pq_code(SDR_WHITE) / top)
    knee = max(1.5 * most - 0.5, 0.0)
    t = numpy.maximum(code - knee, 0) / (1 - knee)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _pq_light(numpy.where(code < knee, code, bent) * top)
