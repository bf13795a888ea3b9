"""The pictures of a GIF: the 256 colours that suit all of them, then each in these colours.

The pictures are made twice, once for each question, so that nothing but one of them and a count of colours is ever in
memory, however long the GIF.
"""

from __future__ import annotations

from collections.abc import Iterator

from av import VideoFrame
from av.filter import Graph

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render import threads
from artdagd.render.failures import reason
from artdagd.render.graphs import add, pull, push, scale, source_options
from artdagd.render.streams import VideoStream
from artdagd.render.wanted import still_wanted

_RGB = (scale(), Filter("format", {"pix_fmts": "bgra"}))


def paletted(video: VideoStream) -> Iterator[VideoFrame]:
    """The frames of ``video`` with a palette of 256 colours (pal8); one is transparent if the format has alpha."""
    colours = _palette(video)
    graph = Graph()
    graph.threads = threads.filters()
    base = 1 / video.picture.fps
    source = last = add(graph, "buffer", source_options(video.picture))
    for filter in _RGB:
        after = add(graph, filter.name, filter.options)
        last.link_to(after)
        last = after
    shape = {"video_size": f"{colours.width}x{colours.height}", "pix_fmt": colours.format.name}
    palette = add(graph, "buffer", {**shape, "time_base": str(base), "pixel_aspect": "1/1"})
    use = add(graph, "paletteuse", {"diff_mode": "rectangle"})
    sink = add(graph, "buffersink", {})
    try:
        last.link_to(use, 0, 0)
        palette.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
    except Exception as error:
        raise StepFailed(f"the GIF can't be made: {reason(error)}", code="effect_error") from error
    colours.pts, colours.time_base = 0, base
    push(palette, colours)
    push(palette, None)
    for number, frame in enumerate(video.frames()):
        still_wanted()
        frame.pts, frame.time_base = number, base
        push(source, frame)
        yield from pull(sink)  # type: ignore[misc]
    push(source, None)
    yield from pull(sink)  # type: ignore[misc]


def _palette(video: VideoStream) -> VideoFrame:
    graph = Graph()
    graph.threads = threads.filters()
    base = 1 / video.picture.fps
    source = last = add(graph, "buffer", source_options(video.picture))
    transparent = int(video.picture.format.startswith("yuva"))
    generate = Filter("palettegen", {"reserve_transparent": transparent, "stats_mode": "full"})
    for filter in (*_RGB, generate, Filter("buffersink", {})):
        after = add(graph, filter.name, filter.options)
        last.link_to(after)
        last = after
    try:
        graph.configure()
    except Exception as error:
        raise StepFailed(f"the colours of the GIF can't be counted: {reason(error)}", code="effect_error") from error
    for number, frame in enumerate(video.frames()):
        still_wanted()
        frame.pts, frame.time_base = number, base
        push(source, frame)
    push(source, None)
    return next(pull(last))  # type: ignore[return-value]
