"""Windows of the steps that make pictures, or write on them."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from artdagd.steps.curves import moves
from artdagd.steps.numbers import exact, nearest
from artdagd.steps.windows import Asked, Read, Use, sampled, told

COUNTED = 500
"""Frames of ffmpeg's test picture, which is made from its first frame on whatever is asked for."""

LENGTH = ("duration", "sound", "frequency")


def image(asked: Asked) -> Use:
    """A view that stays is the same at every frame; of a move, each frame has its place in the whole."""
    still = asked.config.get("to") in (None, asked.config["from"])
    says = (
        told(asked, "duration", "ease") if still else {**told(asked), "at": [asked.frames.start, asked.extent.frames]}
    )
    return Use((Read(0, [0]),), says)


def generate(asked: Asked) -> Use | str:
    if asked.config["pattern"] == "test" and asked.extent.frames > COUNTED:
        return "its test picture counts from the first frame on"
    says = told(asked, *LENGTH)
    if asked.config["pattern"] in ("test", "noise"):
        says["at"] = asked.frames.start
    return Use((), says)


def text(asked: Asked) -> Use:
    """The captions that begin before the window ends, from the one on that is current when it begins. Where there are
    none, the picture is as it was."""
    config, frames, fps = asked.config, asked.frames, asked.fps
    fades = {"fade": config["fade"], "fps": list(asked.extent.fps)} if config["fade"] else {}
    if len(asked.inputs) > 1:  # the captions are in a file
        own = ("start", "end", "text", "captions")
        return Use((Read(0, frames),), {**told(asked, *own), **fades, "at": [frames.start, *asked.extent.fps]})
    captions = config["captions"] or [{key: config.get(key) for key in ("start", "end", "text")}]
    firsts = [nearest(exact(caption["start"]) * fps) for caption in captions]
    begin, end = max(0, bisect_right(firsts, frames.start) - 1), bisect_right(firsts, frames.stop - 1)
    found: list[list[Any]] = []
    for caption, first in zip(captions[begin:end], firsts[begin:end], strict=True):
        stop = asked.extent.frames if caption["end"] is None else nearest(exact(caption["end"]) * fps)
        found.append([first - frames.start, stop - frames.start, caption["text"]])
    if not any(first < len(frames) and stop > 0 for first, stop, _ in found):
        return Use((Read(0, frames),), skipped=True)
    # What is seen long after the window's end looks in it as if it were seen for ever, unless it fades out.
    if not config["fade"]:
        found = [[max(first, 0), min(stop, len(frames)), words] for first, stop, words in found]
    says = {**told(asked, "start", "end", "text", "captions", "fade"), **fades, "captions": found}
    narrowed = {**config, "captions": list(captions[begin:end])} if config["captions"] else None
    return Use((Read(0, frames),), says, config=narrowed)


def effect(asked: Asked, *, remembers: bool, timeless: bool) -> Use:
    """An effect that remembers is given all frames from the first one on, one that is not ``timeless`` its times."""
    frames = range(asked.frames.stop) if remembers else asked.frames
    moving = {key: value for key, value in asked.config.items() if moves(value)}
    says: dict[str, Any] = {**asked.config, **{key: sampled(moving[key], frames, asked.fps) for key in moving}}
    begins = {key: sampled(moving[key], range(1), asked.fps) for key in moving}
    says = {"config": says, "fps": list(asked.extent.fps), "begins": begins}  # its first frame tells how large it is
    if remembers or not timeless:
        says["at"] = asked.frames.start
    return Use((Read(0, frames),), says, steady=timeless and not remembers and not begins)
