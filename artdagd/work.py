"""What crosses the boundary between the daemon and its workers: facts about media, and passes to render.

Both sides import it. Times are seconds (float) unless a name says frames
or samples; rates are exact fractions, carried as (numerator, denominator).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from artdagd.delivery import Delivery as Delivery

Kind = Literal["video", "audio", "image", "data", "other"]


class VideoFacts(msgspec.Struct, frozen=True):
    """The video stream of a file. ``width`` and ``height`` are what steps see: upright, square pixels, even sides.

    ``fps`` is (numerator, denominator); ``duration`` is frames shown, in seconds. The rest is what the file was like:
    ``pixel_format``, by FFmpeg's name; ``rotation``, the degrees, clockwise, by which its pictures are turned to stand
    upright; ``interlaced``; ``alpha``, whether a pixel may be transparent; ``hdr``, ``pq`` or ``hlg``. ``look`` names
    the pixel format and colours that steps see: pictures of one look and size go with each other as they are. (Empty in
    facts that an earlier version found.)
    """

    width: int
    height: int
    fps: tuple[int, int]
    duration: float
    codec: str
    pixel_format: str
    rotation: int = 0
    interlaced: bool = False
    alpha: bool = False
    hdr: Literal["", "pq", "hlg"] = ""
    look: str = ""


class AudioFacts(msgspec.Struct, frozen=True):
    """The audio stream of a file. ``samples`` counts decoded samples a channel, so duration is samples / rate.

    ``digest`` is the SHA-256 (hex) of all that decides the decoded samples (codec parameters and packets with their
    times) and of nothing else: two files that differ in tags or cover art alone have the same digest.
    """

    rate: int
    channels: int
    samples: int
    duration: float
    codec: str
    digest: str


class MediaFacts(msgspec.Struct, frozen=True):
    """What a worker's probe learned about a blob. ``kind`` is ``other`` when no reader of ours can open it.

    ``offset`` is seconds from the first picture to the first sample, where there are both.
    """

    kind: Kind
    media_type: str
    format: str = ""
    duration: float | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    offset: float = 0.0


class RenderStep(msgspec.Struct, frozen=True):
    """One step of a pass. ``inputs`` name earlier steps of the pass or keys of ``RenderPass.sources``."""

    step_id: str
    type: str
    config: dict[str, Any]
    inputs: tuple[str, ...]


class Extent(msgspec.Struct, frozen=True, array_like=True):
    """How long and how large a picture is, as planning foretells it: ``fps`` is (numerator, denominator), the sides are
    pixels. No frames: there is no picture."""

    frames: int
    fps: tuple[int, int]
    width: int
    height: int


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a pass's result is made: its picture from frame ``first`` up to, and without, ``last`` (None is the end),
    as a closed group of pictures; or all of its sound.

    ``extents`` are those of all steps and inputs that have a picture. An input that is in no other list of the pass is
    one of which this part reads nothing: that it is so long and so large is all that counts. A step with such inputs is
    read up to, and without, the frame that ``ends`` has for it: who looks ahead finds that it has ended.
    """

    track: Literal["picture", "sound"]
    first: int = 0
    last: int | None = None
    extents: dict[str, Extent] = {}
    ends: dict[str, int] = {}


class Join(msgspec.Struct, frozen=True, omit_defaults=True):
    """Parts that are put together as they are: the ``pictures`` one after the other, of ``frames`` frames each (None is
    any number) at the rate ``fps``, and the ``sound`` from the first of them on. They are sources' names."""

    pictures: tuple[str, ...]
    frames: tuple[int | None, ...]
    fps: tuple[int, int]
    sound: str = ""


class RenderPass(msgspec.Struct, frozen=True, omit_defaults=True):
    """Adjacent steps that run as one decode -> filter -> encode, in topological order; the last one is the result.

    ``sources`` maps a name to the path of a readable file. ``delivery`` is None for an intermediate, which is
    then stored lossless. With ``part``, a part of the result is made; with ``join``, which goes without steps, the
    result is made of its parts.
    """

    steps: tuple[RenderStep, ...]
    sources: dict[str, str]
    delivery: Delivery | None = None
    part: Part | None = None
    join: Join | None = None
