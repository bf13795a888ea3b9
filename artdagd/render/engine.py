"""Carries out a pass: lowers its steps to one lazy stream of pictures and sound, and encodes that once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from av import VideoFrame

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect
from artdagd.render.reading.source import open_source
from artdagd.render.shared import shared
from artdagd.render.streams import Media, Picture, VideoStream
from artdagd.render.threads import sharing
from artdagd.render.wanted import asking
from artdagd.render.writing.encode import encode
from artdagd.render.writing.join import join
from artdagd.steps.previews import PREVIEWS
from artdagd.steps.primitives import STEP_TYPES
from artdagd.steps.types import StepType
from artdagd.work import Extent, RenderPass, RenderStep


class Cancelled(BaseException):
    """The pass was given up because ``cancelled()`` said so. Nothing is left at the output path.

    Not an Exception, so that no one on the way takes it for a fault of the media.
    """


class Lower(Protocol):
    """How every step type is called: its config in builtin types, its inputs in order, the installed effects."""

    def __call__(self, config: Mapping[str, Any], inputs: Sequence[Media], effects: Mapping[str, Effect]) -> Media: ...


Opens: TypeAlias = Callable[[Path], Media]

RENDERED: Mapping[str, StepType] = {
    kind.name: kind for kind in (*STEP_TYPES, *PREVIEWS) if kind.module.startswith("artdagd.render.steps.")
}
"""The step types that a worker renders; the ``lower`` of a type's module carries the step out."""


def render_pass(
    work: RenderPass,
    output: Path,
    effects: Mapping[str, Effect],
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    opened: Opens = open_source,
) -> None:
    """Render ``work``, or the part of it that it names, to ``output``: as its delivery says, or as a lossless
    intermediate. Or put the parts together that it joins.

    ``progress`` takes 0..1, by output time; ``opened`` gives the media of a file. Raises StepFailed (code
    ``bad_media``, ``effect_error``, ``disk_full``, ``refused``), whose message names the step and the reason, and
    Cancelled.
    """
    place = f"step {work.steps[-1].step_id!r}" if work.steps else "an empty pass"

    def check() -> None:
        if cancelled():
            raise Cancelled

    try:
        with asking(check), sharing(work.part is not None):
            media = lower(work, effects, opened) if work.join is None else Media(None, None)
            length = _length(media, work)

            def at(time: Fraction) -> None:
                check()
                progress(min(float(time / length), 1.0) if length else 0.0)

            at(Fraction(0))
            if work.join is None:
                encode(media, output, work.delivery, at, work.part)
            else:
                join(work.join, work.sources, output, work.delivery, at)
        progress(1.0)
    except StepFailed as error:
        output.unlink(missing_ok=True)
        raise _placed(place, error) from error
    except BaseException:
        output.unlink(missing_ok=True)
        raise


def _length(media: Media, work: RenderPass) -> Fraction:
    """Seconds of what is written."""
    part = work.part
    if work.join is not None:
        return Fraction(sum(count or 0 for count in work.join.frames)) / Fraction(*work.join.fps)
    if part is not None and part.track == "picture" and media.video is not None:
        fps = Fraction(*work.delivery.fps) if work.delivery and work.delivery.fps else media.video.picture.fps
        return (media.video.duration if part.last is None else part.last / fps) - part.first / fps
    return max((stream.duration for stream in (media.video, media.audio) if stream), default=Fraction(0))


def lower(work: RenderPass, effects: Mapping[str, Effect], opened: Opens = open_source) -> Media:
    """The result of a pass as lazy streams; nothing but headers and packet times has been read yet. In a part of a
    pass, all lasts as long as planning found: parts that are made apart have to meet."""
    made: dict[str, Media] = {}
    extents, ends = (work.part.extents, work.part.ends) if work.part else ({}, {})
    uses = Counter(name for step in work.steps for name in step.inputs)
    for step in work.steps:
        if step.type not in RENDERED:
            raise StepFailed(f"step {step.step_id!r}: no step type {step.type!r} is rendered here", code="refused")
        carry_out: Lower = import_module(RENDERED[step.type].module).lower
        inputs = []
        for number, name in enumerate(step.inputs):
            carries = RENDERED[step.type].port(number).carries
            if name not in made and carries != "data":
                made[name] = _forked(_lasting(_source(name, step, work, opened), extents.get(name)), uses[name])
            media = Media(None, None, data=_file(name, step, work)) if carries == "data" else made[name]
            inputs.append(Media(None, media.audio) if carries == "audio" else media)
        try:
            media = carry_out(step.config, inputs, effects)
            # As a kept intermediate has it: so the user of a step gets the same whether it runs in this pass or not.
            media = replace(media, audio=media.synced(), offset=Fraction(0))
            media = _ending(_lasting(media, extents.get(step.step_id)), ends.get(step.step_id))
            made[step.step_id] = _forked(media, uses[step.step_id])
        except StepFailed as error:
            raise _placed(f"step {step.step_id!r} ({step.type})", error) from error
    if not work.steps:
        raise StepFailed("the pass has no steps", code="refused")
    return made[work.steps[-1].step_id]


def _lasting(media: Media, extent: Extent | None) -> Media:
    return media if extent is None else media.moved(lambda stream: stream.lasting(extent.frames))


def _ending(media: Media, end: int | None) -> Media:
    return media if end is None else media.moved(lambda stream: stream.until(end))


def _source(name: str, step: RenderStep, work: RenderPass, opened: Opens) -> Media:
    if work.part and name in work.part.extents and name not in work.sources:
        return _unread(name, work.part.extents[name])
    path = _file(name, step, work)
    try:
        media = opened(path)
        # To know how long the sound is, all of it has to be decoded.
        return replace(media, audio=None) if work.part and work.part.track == "picture" else media
    except StepFailed as error:
        raise _placed(f"step {step.step_id!r}, input {name!r}", error) from error


def _unread(name: str, extent: Extent) -> Media:
    """In the place of what a part does not read."""
    picture = Picture(extent.width, extent.height, "yuv420p", Fraction(*extent.fps))

    def source(start: int) -> Iterator[VideoFrame]:
        raise StepFailed(f"frame {start} of {name!r} is read, and this part was to read none", code="refused")

    return Media(VideoStream(picture, extent.frames, picture, source, lambda start: 0), None)


def _forked(media: Media, uses: int) -> Media:
    """``media`` for ``uses`` users, who share its pictures. (Each decodes its sound anew, which is cheap.)"""
    return media.moved(shared) if uses > 1 else media


def _file(name: str, step: RenderStep, work: RenderPass) -> Path:
    if name not in work.sources:
        raise StepFailed(f"step {step.step_id!r}: its input {name!r} is not in the pass", code="refused")
    return Path(work.sources[name])


def _placed(place: str, error: StepFailed) -> StepFailed:
    if error.detail.startswith("step "):
        return error
    return StepFailed(f"{place}: {error.detail}", code=error.code, retryable=error.retryable, advice=error.advice)
