"""What differs between two plans, and why a step is another computation than it was: a comparison, and nothing else.

A step is the same computation if its cache id is in both plans, whatever it is called. Of one that is not, the changes
are found in this order: what its recipe says (type, parameters, delivery), the code that carries it out, what it reads.
A step that changed only because an earlier one did names that one as its *cause*; the cause of a cause is the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Literal

import msgspec

from artdagd.plans.model import Plan, PlannedStep

Reason = Literal["new", "input changed", "parameter changed", "implementation changed", "nothing changed"]
Kind = Literal["type", "parameter", "delivery", "implementation", "input"]

FEW = 8
"""Places of one parameter that are told apart; one that differs in more is told as a whole."""

MOST = 50
"""Changes of one step that are told."""

LONG = 200
"""Characters of JSON of a value that is told; of a longer one it is said what it is."""


class Change(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """One thing that differs. ``name`` is a parameter (``at.2.value`` is a place in one), a source, or an effect;
    ``before`` and ``after`` are its values, null where there was none."""

    kind: Kind
    name: str
    before: Any
    after: Any


class Difference(msgspec.Struct, frozen=True):
    """Why a step is another computation than in the plan before. ``cause`` is the first step on the way here that
    changed by itself, ``through`` the source of this step by which it got here; ``detail`` is a sentence."""

    step_id: str
    reason: Reason
    detail: str
    changes: tuple[Change, ...] = ()
    cause: str | None = None
    through: str | None = None


def compare(now: Plan, before: Plan | None, names: Mapping[str, str] | None = None) -> tuple[Difference, ...]:
    """A difference for each step of ``now``, in its order; without ``before`` all are new.

    ``names`` are what identities (by CID) are called; one that it lacks is called by its CID.
    """
    if before is None:
        return tuple(Difference(step.step_id, "new", "there is no earlier run to compare with") for step in now.steps)
    comparison = _Comparison(now, before, names or {})
    for step in now.steps:
        comparison.add(step)
    return tuple(comparison.found.values())


class _Comparison:
    def __init__(self, now: Plan, before: Plan, names: Mapping[str, str]) -> None:
        self.found: dict[str, Difference] = {}
        self._now, self._before, self._names = now, before, names
        self._steps = {step.step_id: step for step in now.steps}
        self._old = {step.step_id: step for step in before.steps}
        self._computed = {step.cache_id for step in before.steps}
        # With the same recipe and params, a step's config follows from what is bound to the recipe.
        self._bound = (now.recipe_id, now.params) == (before.recipe_id, before.params)
        self._found_else = sorted(name for name, cid in now.analyses.items() if before.analyses.get(name) != cid)

    def add(self, step: PlannedStep) -> None:
        """Find the difference of ``step``, whose sources' are found."""
        old = self._old.get(step.step_id)
        if step.cache_id in self._computed:
            self.found[step.step_id] = Difference(step.step_id, "nothing changed", "nothing changed")
        elif old is None:
            through, cause = self._inherited(step)
            detail = "the earlier run had no such step"
            self.found[step.step_id] = Difference(step.step_id, "new", detail, (), cause, through)
        else:
            self.found[step.step_id] = self._changed(step, old)

    def _changed(self, step: PlannedStep, old: PlannedStep) -> Difference:
        own, code = self._written(step, old), self._code(step, old)
        read, unheard = self._read(step, old)
        if not (own or code or read):
            read = unheard
        changes = tuple([*own, *code, *read][:MOST])
        through, cause = self._inherited(step)
        reason: Reason
        if own and self._follows(own):
            analysis = next(iter(self._found_else), None)
            found = "what is bound to the recipe" if analysis is None else f"what {_quoted(analysis)} found"
            reason, cause, detail = "input changed", analysis or cause, f"{_parameters(own)}: it follows {found}"
        elif own:
            reason, detail = "parameter changed", _parameters(own)
        elif code:
            reason, detail = "implementation changed", _implementation(code[0])
        elif read:
            reason, detail = "input changed", self._input(read[0], through, cause)
        else:
            # Nothing of it that a plan says: what every cache id has in common.
            reason, detail = "implementation changed", "the media engine or the cluster key is another"
        return Difference(step.step_id, reason, detail, changes, cause, through)

    def _follows(self, own: list[Change]) -> bool:
        other = self._found_else or self._now.inputs != self._before.inputs
        return self._bound and bool(other) and all(change.kind == "parameter" for change in own)

    def _written(self, step: PlannedStep, old: PlannedStep) -> list[Change]:
        """What the recipe says otherwise."""
        if step.type != old.type:
            return [Change("type", "type", old.type, step.type)]
        found: list[Change] = []
        for key in sorted({*old.config, *step.config}):
            found += _places("parameter", key, old.config.get(key), step.config.get(key))
        was, is_ = _delivery(self._before, old), _delivery(self._now, step)
        if was is None or is_ is None:
            return found if was == is_ else [*found, Change("delivery", "delivery", was, is_)]
        for key in sorted({*was, *is_}):
            found += _places("delivery", key, was.get(key), is_.get(key))
        return found

    def _code(self, step: PlannedStep, old: PlannedStep) -> list[Change]:
        effect = step.config.get("effect") if step.type == "EFFECT" else None
        if step.identity == old.identity or step.type != old.type or (effect and effect != old.config.get("effect")):
            return []
        was, is_ = (self._names.get(one, one) for one in (old.identity, step.identity))
        if was == is_:
            was, is_ = (f"{name} ({_short(cid)})" for name, cid in ((was, old.identity), (is_, step.identity)))
        return [Change("implementation", effect or step.type, was, is_)]

    def _read(self, step: PlannedStep, old: PlannedStep) -> tuple[list[Change], list[Change]]:
        """Which of its sources are others, or the same by name with another content; and those of the latter whose
        sound is the same, which count only where their picture is read."""
        found: list[Change] = []
        unheard: list[Change] = []
        for was, is_ in zip_longest(old.inputs, step.inputs):
            before, after = _content(self._before, self._old, was), _content(self._now, self._steps, is_)
            if before == after:
                continue
            name, same = is_ or was, was == is_
            change = Change("input", name, before, after) if same else Change("input", name, was, is_)
            sounds = [plan.audio.get(name) for plan in (self._before, self._now)]
            (unheard if same and sounds[0] is not None and sounds[0] == sounds[1] else found).append(change)
        return found, unheard

    def _inherited(self, step: PlannedStep) -> tuple[str | None, str | None]:
        """The first of its sources that changed, and the first step that made it change."""
        for name in step.inputs:
            if name in self.found and self.found[name].reason != "nothing changed":
                return name, self.found[name].cause or name
        return None, None

    def _input(self, change: Change, through: str | None, cause: str | None) -> str:
        name = _quoted(change.name)
        if change.before is None or change.after is None:
            return f"{name} is {'no longer' if change.after is None else 'now'} one of its inputs"
        if change.name == change.after:
            return f"it reads {name} in the place of {_quoted(change.before)}"
        if change.name == through:
            said = f"its input {name} is another"
            return said if cause == through else f"{said}, because of {_quoted(cause)}"
        return f"input {name} was {_short(change.before)}, now {_short(change.after)}"


def _content(plan: Plan, steps: Mapping[str, PlannedStep], name: str | None) -> str | None:
    """What names the content of a source: a step's cache id, or a recipe input's CID."""
    if name is None:
        return None
    return steps[name].cache_id if name in steps else plan.inputs[name]


def _delivery(plan: Plan, step: PlannedStep) -> dict[str, Any] | None:
    """How a step's result is encoded, but for what stands at its default; None of all but the output."""
    if step.step_id != plan.output:
        return None
    made: dict[str, Any] = msgspec.to_builtins(plan.delivery)
    return made


def _places(kind: Kind, name: str, before: Any, after: Any) -> list[Change]:
    found = list(_leaves(name, before, after))
    if len(found) > FEW:
        found = [(name, before, after)]
    return [Change(kind, path, _told(was), _told(is_)) for path, was, is_ in found]


def _leaves(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if type(before) is type(after) and before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _leaves(f"{path}.{key}", before.get(key), after.get(key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        for index, (was, is_) in enumerate(zip(before, after, strict=True)):
            yield from _leaves(f"{path}.{index}", was, is_)
    else:
        yield path, before, after


def _told(value: Any) -> Any:
    """The value, or what it is if it is long."""
    if len(msgspec.json.encode(value)) <= LONG:
        return value
    return f"{len(value)} characters" if isinstance(value, str) else f"{len(value)} values"


def _parameters(changes: list[Change]) -> str:
    words = [_worded(change) for change in changes[:3]]
    left = len(changes) - len(words)
    return "; ".join(words) + (f"; and {left} more" if left else "")


def _worded(change: Change) -> str:
    if change.name == "delivery":
        return "it is now the output" if change.before is None else "it is no longer the output"
    name = _quoted(change.name)
    unset = "at its default" if change.kind == "delivery" else "not set"
    was, is_ = (unset if value is None else _json(value) for value in (change.before, change.after))
    return f"{name} has other values" if was == is_ else f"{name} was {was}, now {is_}"


def _implementation(change: Change) -> str:
    return f"the code of {_quoted(change.name)} was {change.before}, now {change.after}"


def _quoted(name: str | None) -> str:
    return f"`{name}`"


def _json(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _short(cid: str) -> str:
    return f"…{cid[-8:]}"
