"""The types that plugins implement. Importing this module imports neither av nor numpy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from artdagd.hooks.addresses import AddressRules

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


class Moment(msgspec.Struct, frozen=True):
    """When a picture is seen: its number and its time in seconds, from the start of what the effect is applied to; and
    the effect's ``config`` at that time."""

    number: int
    time: float
    config: Any


Painter: TypeAlias = "Callable[[Any, Moment], Any]"
"""A picture as numpy has it (one array, or a tuple of planes) -> one of the same shape, dtype and number of planes."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A pure function on pictures: a chain of libavfilter filters (``build``), or a Python function (``paint``).

    ``config`` is a frozen ``msgspec.Struct`` with a default for every field; its annotations (``msgspec.Meta`` with
    ``ge``, ``le``, ``description``) validate what a recipe says, and become the JSON Schema that the API serves.
    ``build(config, video)`` returns the filters; it runs in a worker, must depend on nothing but its arguments, and
    may not change the number or the times of frames. ``version`` changes whenever the same config would give other
    pixels. ``example`` is a config that shows the effect well.

    Every number of ``config`` may move with time: ``build`` is then asked anew for each frame whose config differs, and
    what it returns may differ in the values of options alone, if a filter remembers earlier frames. ``fixed`` names
    those numbers that may not move.

    ``paint(video)`` returns the function that is given every picture and its :class:`Moment`. A picture is uint8, to be
    read only, and as ``pixels`` says: ``rgb24`` is one array of shape (height, width, 3), ``gray`` one of shape
    (height, width), 0 black and 255 white; ``gbrp`` and ``yuv444p`` are three planes of that shape; ``yuv`` is the
    picture as steps hand it on, three planes of which the last two may have half the width and height. YUV is of
    limited range.
    Unless the effect ``remembers``, a reading may begin at any picture; else ``paint`` is called for each reading, and
    the function gets all pictures from the first one on.

    With both, ``build`` is what the effect is, and ``paint`` gives the same pictures where parameters move: for filters
    that take long to set up.

    ``moves_pixels`` says that it moves pixels, blind to what they are: then the transparency of a picture moves with
    them. Else it stays where it is.

    ``cost`` and ``remembers`` are hints for planning: nanoseconds of one core for a pixel of the example, and whether a
    frame depends on frames before it or on their number. No pixel of filters depends on them. ``timeless`` (new in 1.2)
    promises more: a frame depends on its picture and its config alone, and not on when it is seen. Then a clip that is
    moved is not rendered again. What a result is made of counts for longer than a run: a false promise shows up as old
    pictures in the place of new ones.
    """

    name: str
    version: str
    description: str
    config: type[msgspec.Struct]
    build: Callable[[Any, VideoFormat], Sequence[Filter]] | None = None
    paint: Callable[[VideoFormat], Painter] | None = None
    pixels: Literal["rgb24", "gray", "gbrp", "yuv444p", "yuv"] = "rgb24"
    moves_pixels: bool = False
    example: Mapping[str, Any] = {}
    fixed: tuple[str, ...] = ()
    cost: float = 5.0
    remembers: bool = True
    timeless: bool = False


class Sound(Protocol):
    """A sound track that is read piece by piece: what is held of it does not grow with its length.

    Every reading decodes anew, from the first sample on. Samples are float32, and nominally in -1..1: a lossy codec may
    overshoot. One that is no finite number reads as 0.
    """

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def channels(self) -> tuple[str, ...]:
        """FFmpeg's names of the channels (``FL``, ``FR``, ``FC``, ``LFE`` …); ``("FC",)`` is mono."""

    def __iter__(self) -> Iterator[numpy.ndarray]:
        """Blocks of shape (channels, samples), one after the other: 65,536 samples each, the last one fewer."""

    def windows(self, size: int, hop: int) -> Iterator[numpy.ndarray]:
        """Overlapping windows, some at a time: of shape (windows, ``size``), to be read and not written.

        Window ``i`` of all is centred on sample ``i * hop``: it begins ``size // 2`` samples before. There is one for
        each ``i * hop`` below the number of samples; beyond both ends is silence. Several channels are refused with
        ValueError: ask for the sound in mono.
        """

    def measured(self, filters: Sequence[Filter]) -> Iterator[tuple[float, Mapping[str, str]]]:
        """What libavfilter ``filters`` write beside the samples: (seconds, metadata) of every frame that has some.

        ``Filter("ebur128", {"metadata": 1})``, for instance, gives ``lavfi.r128.M`` and more for each 0.1 s.
        """


class Frames(Protocol):
    """The pictures of a video, small, upright and with square pixels, read one by one; a still picture is one.

    Every reading decodes anew. Only one picture is held at a time, beside those that you keep.
    """

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def fps(self) -> Fraction:
        """Pictures a second: number ``i`` stands at ``i / fps`` seconds after the first."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[float, numpy.ndarray]]:
        """(seconds, picture) in order; a picture is uint8 RGB of shape (height, width, 3), 0 black and 255 white."""


def _not_given(*args: object, **options: object) -> Any:
    raise LookupError("this request was made without it")


class AnalysisRequest(msgspec.Struct, frozen=True):
    """What an analyzer is asked. It never opens media itself: the worker decodes for it.

    ``features`` are those of the analyzer's features that the recipe asked for. ``audio(rate)`` gives the whole
    sound track mixed to mono, float32 in -1..1, at ``rate`` Hz; it lasts ``len(samples) / rate`` seconds.
    ``progress`` takes 0..1. ``state`` is a writable folder that outlives the process, for what is costly to make anew
    and safe to lose (compiled code).

    ``sound(rate=None, mono=False)`` gives the sound track as a :class:`Sound`, at ``rate`` Hz or its own rate, mixed to
    mono or with its own channels. ``frames(width, rate=None)`` gives the pictures as :class:`Frames`, at most ``width``
    pixels wide and in proportion: every one of them, or, if ``rate`` is less than their own, ``rate`` a second. Both
    raise an error if there is no such stream, which ends the analysis.
    """

    features: tuple[str, ...]
    audio: Callable[[int], numpy.ndarray]
    progress: Callable[[float], None]
    state: Path
    sound: Callable[..., Sound] = _not_given
    frames: Callable[..., Frames] = _not_given


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
    """A place that keeps blobs by CID. Whoever reads verifies: a backend may be wrong, it may not be trusted.

    Its methods are called at the same time. What fails raises OSError that says why, a name that is no CID ValueError;
    neither holds a secret. ``artdagd.testing.StorageContract`` tries all of this.
    """

    async def save(self, cid: str, path: Path) -> None:
        """Keep the bytes of ``path`` under ``cid``, durably before it returns. Saving the same CID twice is no error.

        Raises OSError when the bytes could not be kept; then nothing is left under ``cid``, and so if it is cancelled:
        it has ended when it raises.
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
        """Release connections. Closing twice is no error."""


@runtime_checkable
class RangedStorage(StorageBackend, Protocol):
    """A backend that can give a part of a blob. New in 1.2."""

    def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
        """The bytes from number ``start`` up to, and without, ``stop`` (None is the end), as ``load`` gives all.

        What lies beyond the end is left out. Raises FileNotFoundError if ``cid`` is not here.
        """


@runtime_checkable
class BlockSource(Protocol):
    """What finds blocks by CID, wherever they are: an IPFS node. New in 1.2."""

    async def block(self, cid: str) -> bytes:
        """The bytes of one block, at most 2 MiB. Raises FileNotFoundError if nobody has it, OSError for all else.

        Whoever asks verifies them. ``cid`` may be of version 0 (``Qm…``).
        """


class StorageType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of storage that can be configured. ``config`` is a ``msgspec.Struct`` as for effects.

    ``synchronous`` (new in 1.2): the answer to an upload waits until such a provider has the blob, and is an error if
    it can't be saved there. Without it copies are made in the background.

    ``open_within(config, rules)`` (new in 1.2) opens one that serves a single user, and that any user may add, in place
    of ``open``. Such a backend touches no file of this machine but those that it is given, and calls only what the
    ``rules`` (:class:`AddressRules`) allow; it raises :class:`OutboundRefused` for a config that they forbid. Without
    it such storage is for the whole node, and administrators alone add it.
    """

    name: str
    description: str
    config: type[msgspec.Struct]
    open: Callable[[Any], StorageBackend]
    synchronous: bool = False
    open_within: Callable[[Any, AddressRules], StorageBackend] | None = None


class NodeStorage(msgspec.Struct, frozen=True, kw_only=True):
    """Storage that the settings of a plugin put into use. New in 1.2.

    ``synchronous`` as in :class:`StorageType`. ``primary``: whatever the node is given or makes counts once it is
    there, so the node's own cache may be lost at any time. If the backend is a :class:`BlockSource`, the node fetches
    from it what others have.
    """

    backend: StorageBackend
    synchronous: bool = False
    primary: bool = False


class RunEvent(msgspec.Struct, frozen=True):
    """Something happened to a run or to one of its steps (``step_id`` set). ``status`` as in the HTTP contract."""

    run_id: str
    status: str
    step_id: str | None = None
    output_cid: str | None = None
