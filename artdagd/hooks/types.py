"""The types that plugins implement. Importing this module imports neither av nor numpy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    import numpy


class Filter(msgspec.Struct, frozen=True):
    """One libavfilter filter and its options, by ffmpeg's own names: ``Filter("hue", {"h": 90})``.

    Options are handed to libavfilter as values, never pasted into a filter string.
    """

    name: str
    options: Mapping[str, str | int | float] = {}


class VideoFormat(msgspec.Struct, frozen=True):
    """The picture that an effect receives: width and height in pixels, frames a second."""

    width: int
    height: int
    fps: Fraction


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A pure function on pictures, written as a chain of libavfilter filters.

    ``config`` is a frozen ``msgspec.Struct`` with a default for every field; its annotations (``msgspec.Meta`` with
    ``ge``, ``le``, ``description``) validate what a recipe says, and become the JSON Schema that the API serves.
    ``build(config, video)`` returns the filters; it runs in a worker, must depend on nothing but its arguments, and
    may not change the number or the times of frames. ``version`` changes whenever the same config would give other
    pixels. ``example`` is a config that shows the effect well.
    """

    name: str
    version: str
    description: str
    config: type[msgspec.Struct]
    build: Callable[[Any, VideoFormat], Sequence[Filter]]
    example: Mapping[str, Any] = {}


class AnalysisRequest(msgspec.Struct, frozen=True):
    """What an analyzer is asked. It never opens media itself: the worker decodes for it.

    ``features`` are those of the analyzer's features that the recipe asked for. ``audio(rate)`` gives the whole
    sound track mixed to mono, float32 in -1..1, at ``rate`` Hz; it lasts ``len(samples) / rate`` seconds.
    ``progress`` takes 0..1. ``state`` is a writable folder that outlives the process, for what is costly to make anew
    and safe to lose (compiled code).
    """

    features: tuple[str, ...]
    audio: Callable[[int], numpy.ndarray]
    progress: Callable[[float], None]
    state: Path


class Analyzer(msgspec.Struct, frozen=True, kw_only=True):
    """A pure function from media to data.

    ``features`` maps each feature's name to a sentence that gives its shape and units. ``analyze`` returns a value
    for each requested feature (JSON types only); it runs in a worker. ``needs`` is the kind of stream it reads.
    ``libraries`` names the distributions that shape the result; their versions are recorded with it. ``light`` says
    that it takes milliseconds, whatever the input: a worker then takes several such analyses at a time.
    """

    name: str
    version: str
    description: str
    features: Mapping[str, str]
    analyze: Callable[[AnalysisRequest], Mapping[str, Any]]
    needs: Literal["audio", "video"] = "audio"
    libraries: tuple[str, ...] = ()
    light: bool = False


class StorageBackend(Protocol):
    """A place that keeps blobs by CID. Whoever reads verifies: a backend may be wrong, it may not be trusted."""

    async def save(self, cid: str, path: Path) -> None:
        """Keep the bytes of ``path`` under ``cid``, durably before it returns. Saving the same CID twice is no error.

        Raises OSError when the bytes could not be kept; then nothing is left under ``cid``.
        """

    def load(self, cid: str) -> AsyncIterator[bytes]:
        """The bytes of ``cid`` in chunks of at most 1 MiB. Raises FileNotFoundError if they are not here."""

    async def size(self, cid: str) -> int | None:
        """Bytes kept under ``cid``, or None."""

    async def delete(self, cid: str) -> None:
        """Forget ``cid``; no error if it is not here."""

    def list(self) -> AsyncIterator[str]:
        """Every CID that is kept, in no order."""

    async def close(self) -> None:
        """Release connections; called once."""


class StorageType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of storage that can be configured. ``config`` is a ``msgspec.Struct`` as for effects."""

    name: str
    description: str
    config: type[msgspec.Struct]
    open: Callable[[Any], StorageBackend]


class RunEvent(msgspec.Struct, frozen=True):
    """Something happened to a run or to one of its steps (``step_id`` set). ``status`` as in the HTTP contract."""

    run_id: str
    status: str
    step_id: str | None = None
    output_cid: str | None = None
