"""LUT: a colour look-up table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.failures import reporting
from artdagd.render.graphs import MATRICES, scale
from artdagd.render.networks import Network, Node
from artdagd.render.reading.cubes import Cube, read_cube
from artdagd.render.streams import Media, VideoStream, composed
from artdagd.steps.curves import curve


def lower(config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media:
    """The picture's colours as RGB of 8 bits through the table of the second input, mixed with the picture as it was by
    ``intensity``. Raises StepFailed (``refused``) if the table can't be read."""
    media, look = inputs
    if media.video is None:
        raise StepFailed("its first input has no picture", code="refused", advice="give it a video")
    if look.data is None:
        raise StepFailed("its second input is no file of text", code="refused", advice="give it a .cube file")
    cube = read_cube(look.data)
    return media if config.get("intensity", 1) == 0 else replace(media, video=_graded(media.video, cube, config))


def _graded(video: VideoStream, cube: Cube, config: Mapping[str, Any]) -> VideoStream:
    picture = video.picture
    intensity = curve(config.get("intensity", 1.0))
    mixed = config.get("intensity", 1.0) != 1
    there = scale(), Filter("format", {"pix_fmts": "gbrp"})
    back = (
        scale(out_color_matrix=MATRICES.get(picture.colour.space, "bt601"), out_range="tv"),
        Filter("format", {"pix_fmts": picture.format}),
    )

    def network(file: Path, number: int) -> Network:
        name, interp = ("lut3d", config.get("interp", "tetrahedral")) if cube.dimensions == 3 else ("lut1d", "linear")
        table = Filter(name, {"file": str(file), "interp": interp})
        nodes = [Node(filter, (place,)) for place, filter in enumerate((*there, table, *back))]
        if mixed:
            share = min(max(intensity(float(number / picture.fps)), 0.0), 1.0)
            nodes.append(Node(Filter("blend", {"all_mode": "normal", "all_opacity": share}), (len(nodes), 0)))
        return nodes

    def source(start: int) -> Iterator[VideoFrame]:
        # The filters take a table from a file alone. Its name reaches no pixel.
        with TemporaryDirectory(prefix="look-") as folder:
            file = Path(folder, "look.cube")
            with reporting("the look-up table can't be written"):
                file.write_text(cube.text())
            yield from composed((video,), lambda number: network(file, number), picture).frames(start)

    return VideoStream(picture, video.count, picture, source, video.preroll)
