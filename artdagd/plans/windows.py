"""The names of parts of a result, some of its frames or its sound: by all that they depend on, and nothing else.

As a cache id names the whole of a computation, the name of a part is the CID of a record in canonical dag-json, known
before the part is made. Frames from number ``a`` up to, and without, ``b`` of a recipe input are
``{"input": its CID, "frames": [a, b]}``. Those of a step are::

    {"type": step type, "identity": [CID, ...], "says": what of the config counts, "reads": [[name, shows], ...],
     "data": [CID, ...], "like": name}

``reads`` are the frames that are read of its inputs, from the least of them to the greatest under one name; ``shows``
is null if they are read in order, else the list of those that are, counted from the least. ``data`` are the inputs that
are no media. ``like``, which few have, names what an input looks like of which maybe no frame is read: its pixel format
and colours, and not what is seen. What a step type ``says`` and reads is told by :mod:`artdagd.steps.windows`.

Steps that make frame i of frame i, always in the same way, and that follow each other are named once, as the chain
``[{"type", "identity", "says", "data"}, ...]``; what they make of frames that are called ``name`` is
``{"chain": CID, "of": name}``.

The sound of a recipe input is ``{"sound": digest, "offset": s, "picture": [frames, fps]}``, or ``{"sound": digest}``
where it is heard from its first sample on; that of a step ``{"type", "identity", "config", "sounds": [name, ...],
"pictures": [[frames, fps], ...]}``, with null for inputs that have none. A step that leaves the sound as it is has the
name of its first input's.

So what is named is what is seen, and not where: a clip in the middle of a timeline has the same name wherever it
begins. Which pass computes a step, and whether its result is stored, is in no name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from artdagd.cid import CID, DAG_JSON, cid_of_value, dag_json
from artdagd.plans.identities import identities
from artdagd.plans.model import ConcreteStep, PlannedStep
from artdagd.plans.shapes import Shape
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.windows import Asked, Use, Window
from artdagd.steps.windows.making import effect
from artdagd.work import Extent, MediaFacts

MOST = 20_000
"""Parts of results of steps that are named for one plan."""

REMEMBERED = 15
"""Seconds of a result of which each frame depends on all before it: those are made again for every part."""

NOTHING = Extent(0, (1, 1), 0, 0)
"""Of an input that has no picture."""


class Uncut(Exception):
    """That a result is made in one piece, and why."""


def extents(shapes: Mapping[str, Shape]) -> dict[str, Extent]:
    """How long and large the pictures of steps and recipe inputs are."""
    return {
        name: Extent(max(1, shape.frames), shape.fps, shape.width, shape.height)
        for name, shape in shapes.items()
        if shape.has_picture
    }


def used(
    step: ConcreteStep | PlannedStep,
    frames: range,
    known: Mapping[str, Extent],
    catalogue: Catalogue,
    kept: dict[str, Any] | None = None,
) -> Use:
    """What ``frames`` of a step's result take; ``kept`` is for what is worked out once for all frames of a step. Raises
    Uncut where it can't be said."""
    kind = catalogue.step_types[step.type]
    window: Window | None = kind.window
    if step.type == "EFFECT":
        chosen = catalogue.effects[step.config["effect"]]
        extent = known[step.step_id]
        if chosen.remembers and extent.frames * extent.fps[1] > REMEMBERED * extent.fps[0]:
            raise Uncut(f"{step.step_id}: each frame of {chosen.name} depends on all before it")
        window = partial(effect, remembers=chosen.remembers, timeless=chosen.timeless)
    if window is None:
        raise Uncut(f"{step.step_id}: {step.type} needs the whole of its input")
    kept = {} if kept is None else kept
    if "inputs" not in kept:
        kept["inputs"] = [known.get(name, NOTHING) for name in step.inputs]
    asked = Asked(step.config, frames, known[step.step_id], kept["inputs"], kept)
    found = window(asked)
    if isinstance(found, str):
        raise Uncut(f"{step.step_id}: {found}")
    return found


class Names:
    """The names of parts of what ``steps`` (in topological order) make of the recipe inputs ``inputs`` (name -> CID),
    about which ``facts`` are known."""

    def __init__(
        self,
        steps: Sequence[ConcreteStep],
        shapes: Mapping[str, Shape],
        inputs: Mapping[str, str],
        facts: Mapping[str, MediaFacts],
        catalogue: Catalogue,
    ) -> None:
        self.extents = extents(shapes)
        self._steps = {step.step_id: step for step in steps}
        self._shapes, self._inputs, self._facts, self._catalogue = shapes, inputs, facts, catalogue
        self._found: dict[tuple[str, int, int], str] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self._chains: dict[str, tuple[str, Any]] = {}
        self._looks: dict[str, str] = {}

    def picture(self, source: str, frames: Sequence[int]) -> list[Any]:
        """[name, shows] of these frames of a step or a recipe input. Raises Uncut."""
        first, last = min(frames), max(frames) + 1
        in_order = frames == range(first, last) or list(frames) == list(range(first, last))
        return [self._frames(source, first, last), None if in_order else [number - first for number in frames]]

    def sound(self, source: str) -> str:
        """The name of the sound of a step or a recipe input; empty if it has none."""
        if not self._shapes[source].has_audio:
            return ""
        if source in self._inputs:
            shape = self._shapes[source]
            return cid_of_value({**self._heard(source), "offset": shape.offset, "picture": self._length(source)})
        step = self._steps[source]
        kind = self._catalogue.step_types[step.type]
        if kind.keeps_sound:
            return self.sound(step.inputs[0])
        sounds = []
        for number, name in enumerate(step.inputs):
            alone = name in self._inputs and kind.port(number).carries == "audio"
            sounds.append(cid_of_value(self._heard(name)) if alone else self.sound(name) or None)
        return cid_of_value(
            {
                "type": step.type,
                "identity": list(identities(step, self._catalogue)),
                "config": step.config,
                "sounds": sounds,
                "pictures": [self._length(name) for name in step.inputs],
            }
        )

    def _heard(self, source: str) -> dict[str, Any]:
        audio = self._facts[source].audio
        assert audio is not None
        return {"sound": audio.digest}

    def _length(self, source: str) -> list[Any] | None:
        extent = self.extents.get(source)
        return None if extent is None else [extent.frames, list(extent.fps)]

    def _frames(self, source: str, first: int, last: int) -> str:
        key = (source, first, last)
        if key not in self._found:
            if len(self._found) >= MOST:
                raise Uncut("it is made of too many steps")
            self._found[key] = self._named(source, first, last)
        return self._found[key]

    def _named(self, source: str, first: int, last: int) -> str:
        if source in self._inputs:
            if self._facts[source].format == "mpeg":
                raise Uncut(f"in {source}, an MPEG program stream, no place can be found but the first")
            return cid_of_value({"input": self._inputs[source], "frames": [first, last]})
        base, chain = self._chain(source, range(first, last))
        if chain is not None:
            return cid_of_value({"chain": chain, "of": self._frames(base, first, last)})
        step, use = self._steps[source], self._use(source, range(first, last))
        if use.skipped:
            return self._frames(step.inputs[0], first, last)
        record = self._does(step, use)
        record["reads"] = [self.picture(step.inputs[read.port], read.frames) for read in use.reads]
        if use.like is not None:
            record["like"] = self._look(step.inputs[use.like])
        return cid_of_value(record)

    def _chain(self, source: str, frames: range) -> tuple[str, str | None]:
        """The name of what steps do to ``frames`` that is steady, up to ``source``, and of what they do it to. None if
        that is ``source`` itself."""
        steady: list[tuple[str, Use]] = []
        last = source
        while last in self._steps and last not in self._chains:
            use = self._use(last, frames)
            if not use.steady:
                self._chains[last] = last, None
                break
            steady.append((last, use))
            last = self._steps[last].inputs[0]
        base, listed = self._chains.get(last, (last, None))
        for name, use in reversed(steady):
            # The list as far as it goes, hashed: so a chain that is read at each of its steps is gone through once.
            between = b"[" if listed is None else b","
            listed = hashlib.sha256() if listed is None else listed.copy()
            listed.update(between + dag_json(self._does(self._steps[name], use)))
            self._chains[name] = base, listed
        if listed is None:
            return base, None
        whole = listed.copy()
        whole.update(b"]")
        return base, str(CID(1, DAG_JSON, whole.digest()))

    def _use(self, source: str, frames: range) -> Use:
        kept = self._kept.setdefault(source, {})
        return used(self._steps[source], frames, self.extents, self._catalogue, kept)

    def _does(self, step: ConcreteStep, use: Use) -> dict[str, Any]:
        """What a step does to the frames that it reads."""
        kind = self._catalogue.step_types[step.type]
        return {
            "type": step.type,
            "identity": list(identities(step, self._catalogue)),
            "says": use.says,
            "data": [self._inputs[name] for name in kind.data(step.inputs)],
        }

    def _look(self, source: str) -> str:
        """The name of what decides the format and colours of a step's or a recipe input's frames. An effect leaves them
        as they are."""
        while source in self._steps and self._steps[source].type == "EFFECT":
            source = self._steps[source].inputs[0]
        if source in self._inputs:
            video = self._facts[source].video
            return video.look if video is not None and video.look else self._inputs[source]
        if source not in self._looks:
            step = self._steps[source]
            sees = step.inputs and self._catalogue.step_types[step.type].port(0).carries != "audio"
            record = {
                "type": step.type,
                "identity": list(identities(step, self._catalogue)),
                "like": self._look(step.inputs[0]) if sees else None,
            }
            self._looks[source] = cid_of_value(record)
        return self._looks[source]
