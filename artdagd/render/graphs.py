"""libavfilter graphs over whole frames. Options are values; no filter string is ever put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from av import AudioFrame, VideoFrame
from av.filter import Graph
from av.filter.context import FilterContext

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render import threads
from artdagd.render.failures import reason
from artdagd.render.wanted import still_wanted

if TYPE_CHECKING:
    from artdagd.render.streams import Picture

SCALE_FLAGS = "bicubic+accurate_rnd+full_chroma_int+bitexact"

# Filters whose frame depends on one input frame and its time alone. A chain of these may start anywhere; any other
# filter is fed from as far before as it reaches, so that its memory is the same wherever the reading starts.
# fmt: off
STATELESS = frozenset({
    "alphaextract", "avgblur", "boxblur", "chromahold", "chromakey", "chromanr", "chromashift", "colorbalance",
    "colorchannelmixer", "colorcontrast", "colorcorrect", "colorhold", "colorize", "colorkey", "colorlevels",
    "colortemperature", "convolution", "copy", "crop", "curves", "dblur", "deflate", "despill", "dilation",
    "drawbox", "drawgrid", "edgedetect", "eq", "erosion", "extractplanes", "fillborders", "format", "gblur", "geq",
    "hflip", "hue", "huesaturation", "inflate", "lenscorrection", "limiter", "lut", "lutrgb", "lutyuv", "median",
    "monochrome", "morpho", "negate", "null", "pad", "perspective", "pixelize", "prewitt", "pseudocolor",
    "rgbashift", "roberts", "rotate", "sab", "scale", "scharr", "selectivecolor", "setparams", "setsar", "shear",
    "shuffleplanes", "sidedata", "smartblur", "sobel", "swapuv", "transpose", "unsharp", "vflip", "vibrance",
    "yaepblur",
})
# fmt: on
FIELDS = frozenset({"bwdif", "yadif"})
"""Filters that look at the frames before and after."""

COUNTING = re.compile(r"\b[nN]\b|random|\b(?:st|ld|pos)\(")  # an expression that knows more than the frame's time


def stateless(filters: Sequence[Filter]) -> bool:
    """Whether the filters give the same frame wherever the reading starts."""
    return all(
        _forgets(filter) and not any(COUNTING.search(str(value)) for value in filter.options.values())
        for filter in filters
    )


def reach(filters: Sequence[Filter]) -> int | None:
    """How many frames before its own a frame depends on: reading from there gives what reading from the first gives.
    None if it depends on all."""
    total = 0
    for filter in filters:
        if stateless((filter,)):
            continue
        if filter.name in FIELDS:
            total += 2
        elif filter.name == "tmix" and str(filter.options.get("frames", 3)).isdecimal():
            total += int(filter.options.get("frames", 3)) - 1
        else:
            return None
    return total


def _forgets(filter: Filter) -> bool:
    # The dither of a vignette is a random walk over all frames.
    return filter.name in STATELESS or (filter.name == "vignette" and str(filter.options.get("dither")) == "0")


MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
"""The scale filter's names of the colour matrices of ITU-T H.273."""


def scale(**options: str | int) -> Filter:
    """A scale filter whose result is the same on every processor."""
    return Filter("scale", {**options, "flags": SCALE_FLAGS})


def evened(width: int, height: int) -> tuple[tuple[Filter, ...], int, int]:
    """Filters that make both sides even, as 4:2:0 wants them, and the size that comes out: an odd row or column is
    cut off, a single one is stretched to two."""
    w, h = max(2, width // 2 * 2), max(2, height // 2 * 2)
    if (w, h) == (width, height):
        return (), w, h
    if width < 2 or height < 2:
        return (scale(w=w, h=h), Filter("setsar", {"sar": "1"})), w, h
    return (Filter("crop", {"w": w, "h": h, "x": 0, "y": 0, "exact": 1}),), w, h


def run_video(
    filters: Sequence[Filter], picture: Picture, frames: Iterator[VideoFrame], start: int = 0
) -> Iterator[VideoFrame]:
    """Push ``frames`` (numbered from ``start``) through the filters. Raises StepFailed (``effect_error``) if the
    filters can't be set up, or give another number of frames than they got."""
    graph = Graph()
    graph.threads = threads.filters()
    base = 1 / picture.fps
    source = add(graph, "buffer", source_options(picture))
    sink = linked(graph, source, filters, "buffersink")
    pushed = pulled = 0
    for number, frame in enumerate(frames, start):
        still_wanted()
        frame.pts, frame.time_base = number, base
        push(source, frame)
        pushed += 1
        for out in pull(sink):
            pulled += 1
            yield out  # type: ignore[misc]
    push(source, None)
    for out in pull(sink):
        pulled += 1
        yield out  # type: ignore[misc]
    if pushed != pulled:
        names = ", ".join(filter.name for filter in filters)
        raise StepFailed(
            f"the filters {names} made {pulled} frames of {pushed}; an effect may not change their number",
            code="effect_error",
        )


def source_options(picture: Picture) -> dict[str, str | int]:
    """The options of a buffer filter that takes frames of this shape."""
    return {
        "video_size": f"{picture.width}x{picture.height}",
        "pix_fmt": picture.format,
        "time_base": str(1 / picture.fps),
        "frame_rate": str(picture.fps),
        "pixel_aspect": "1/1",
        "colorspace": picture.colour.space,
        "range": 2 if picture.colour.full_range else 1,
    }


def run_source(filters: Sequence[Filter], sink: str) -> Iterator[VideoFrame | AudioFrame]:
    """What the first of ``filters``, which takes nothing, gives through the others into a ``sink``; it may never end.
    Raises StepFailed (``effect_error``) if they can't be set up."""
    graph = Graph()
    graph.threads = threads.filters()
    for frame in pull(linked(graph, add(graph, filters[0].name, filters[0].options), filters[1:], sink)):
        still_wanted()
        yield frame


def run_audio(filters: Sequence[Filter], frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Push ``frames`` through the filters; planar float comes out."""
    first = next(frames, None)
    if first is None:
        return
    graph = Graph()
    graph.threads = threads.filters()
    base = Fraction(1, first.sample_rate)
    source = add(
        graph,
        "abuffer",
        {
            "sample_rate": first.sample_rate,
            "sample_fmt": first.format.name,
            "channel_layout": first.layout.name,
            "time_base": str(base),
        },
    )
    sink = linked(graph, source, (*filters, Filter("aformat", {"sample_fmts": "fltp"})), "abuffersink")
    position = 0
    frame: AudioFrame | None = first
    while frame is not None:
        still_wanted()
        frame.pts, frame.time_base = position, base
        position += frame.samples
        wanted = push(source, frame)
        yield from pull(sink)  # type: ignore[misc]
        frame = next(frames, None) if wanted else None
    push(source, None)
    yield from pull(sink)  # type: ignore[misc]


def linked(graph: Graph, source: FilterContext, filters: Sequence[Filter], sink: str) -> FilterContext:
    """The end of a chain of ``filters`` from ``source`` to a filter of the name ``sink``, in a ``graph`` that is now
    configured. Raises StepFailed (``effect_error``)."""
    last = source
    for filter in filters:
        context = add(graph, filter.name, filter.options)
        last.link_to(context)
        last = context
    end = add(graph, sink, {})
    try:
        last.link_to(end)
        graph.configure()
    except Exception as error:
        names = ", ".join(filter.name for filter in filters)
        raise StepFailed(f"the filters {names} can't be combined: {reason(error)}", code="effect_error") from error
    return end


def add(graph: Graph, name: str, options: Any) -> FilterContext:
    """A filter of ``graph``, not linked yet. Raises StepFailed (``effect_error``) if it refuses its options."""
    try:
        return graph.add(name, **{key: str(value) for key, value in options.items()})
    except Exception as error:
        shown = ", ".join(f"{key}={value}" for key, value in options.items())
        raise StepFailed(f"the filter {name} ({shown}) is refused: {reason(error)}", code="effect_error") from error


def push(source: FilterContext, frame: VideoFrame | AudioFrame | None) -> bool:
    """Whether more frames are wanted: a filter such as atrim may have all that it needs."""
    try:
        source.push(frame)
    except EOFError:
        return False
    except Exception as error:
        raise StepFailed(f"filtering failed: {reason(error)}", code="effect_error") from error
    return True


def pull(sink: FilterContext) -> Iterator[VideoFrame | AudioFrame]:
    """The frames that are ready."""
    while True:
        try:
            frame = sink.pull()
        except (BlockingIOError, EOFError):
            return
        except Exception as error:
            raise StepFailed(f"filtering failed: {reason(error)}", code="effect_error") from error
        yield frame  # type: ignore[misc]
