"""Reads the steps of a recipe, and checks each one's type and config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from artdagd.recipes.bind import PREFIX
from artdagd.recipes.document import Entries, Items, Node, Scalar, plain
from artdagd.recipes.faults import Faults, Placed
from artdagd.recipes.model import RecipeParam
from artdagd.recipes.sections import ID, ID_RULE, Section, describe
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import Complaint, Path
from artdagd.steps.moving import Bound
from artdagd.steps.suggest import quote, unknown
from artdagd.steps.types import StepType

_KEYS = ("id", "type", "inputs", "config", "cache")
_ALMOST_PARAM = re.compile(r"\$?\{+ *params?\b.*|\$params?|\$param\..*", re.DOTALL)

Params = Mapping[str, RecipeParam | None]


class Follow(msgspec.Struct, frozen=True):
    """A parameter that moves as an analysis says; ``at`` is where that is named, ``key`` the key that says after what
    of it."""

    bound: Bound
    at: Placed
    key: Placed
    loc: str


class WrittenStep(msgspec.Struct, frozen=True):
    """A step as it stands in the text. ``kind`` is None if its ``type`` is unknown; ``at`` is where its id stands.

    ``readable`` is False if its inputs have a fault already, so that counting them would tell it twice.
    """

    id: str
    at: Scalar
    loc: str
    type: str
    kind: StepType | None
    inputs: list[Scalar]
    inputs_at: Placed
    readable: bool
    config: dict[str, Any]
    keep: bool
    follows: tuple[Follow, ...] = ()


def read_steps(top: Section, params: Params, catalogue: Catalogue) -> list[WrittenStep]:
    """The steps that have an id, in the order of the text; the first of those that share one."""
    node = top.get("steps")
    if node is None:
        top.missing("steps", "a list of steps")
        return []
    if not isinstance(node, Items) or not node.items:
        top.wrong("steps", node, f"steps: expected a list of steps, got {_empty(node)}")
        return []
    steps: dict[str, WrittenStep] = {}
    for index, item in enumerate(node.items):
        step = _step(item, f"steps[{index}]", params, catalogue, top.faults)
        if step is not None and step.id in steps:
            first = steps[step.id].at.line
            top.faults.add(step.at, f"{step.loc}.id", f"the id {step.id!r} is taken by the step in line {first}")
        elif step is not None:
            steps[step.id] = step
    return list(steps.values())


def _step(node: Node, loc: str, params: Params, catalogue: Catalogue, faults: Faults) -> WrittenStep | None:
    if not isinstance(node, Entries):
        faults.add(node, loc, f"expected a step (id, type, inputs, config), got {describe(node)}")
        return None
    section = Section(node, loc, faults)
    id_ = section.scalar("id", (str, int, float, bool), "a name")
    if id_ is None and section.get("id") is None:
        section.missing("id", "every step needs a name of its own")
    elif id_ is not None and not ID.fullmatch(id_.text):
        section.wrong("id", id_, f"{quote(id_.text)} is not an id: {ID_RULE}")
    elif id_ is not None:
        loc = f"steps.{id_.text}"
    section = Section(node, loc, faults, _KEYS)
    kind, effect = _kind(section, catalogue)
    config = _config(section, kind, effect, params, catalogue)
    inputs, inputs_at, readable = _inputs(section)
    keep = section.choice("cache", ("auto", "keep")) == "keep"
    if id_ is None:
        return None
    follows = () if kind is None else _follows(section, kind, config, catalogue)
    type_ = effect.upper() if effect is not None else "" if kind is None else kind.name
    return WrittenStep(id_.text, id_, loc, type_, kind, inputs, inputs_at, readable, config, keep, follows)


def _kind(section: Section, catalogue: Catalogue) -> tuple[StepType | None, str | None]:
    """The step type, and the effect if the step is of type EFFECT by the name of that in capitals."""
    if section.get("type") is None:
        section.missing("type", "a step type such as SEGMENT or EFFECT")
        return None, None
    node = section.scalar("type", (str, bool, int, float), "a step type")
    if node is None:
        return None, None
    if node.text in catalogue.step_types:
        return catalogue.step_types[node.text], None
    if node.text in catalogue.capitals:
        return catalogue.step_types["EFFECT"], catalogue.capitals[node.text]
    if not section.faults.full:
        known = (*catalogue.step_types, *catalogue.capitals)
        section.wrong("type", node, unknown("step type", node.text, known))
    return None, None


def _inputs(section: Section) -> tuple[list[Scalar], Placed, bool]:
    node = section.get("inputs")
    if node is None:
        return [], section.node, True
    if not isinstance(node, Items):
        hint = f"; write [{node.text}]" if isinstance(node, Scalar) and ID.fullmatch(node.text) else ""
        section.wrong("inputs", node, f"inputs: expected a list of names, got {describe(node)}{hint}")
        return [], node, False
    found = []
    for index, item in enumerate(node.items):
        if isinstance(item, Scalar) and item.value is not None:
            found.append(item)
        else:
            msg = f"expected the name of an input or a step, got {describe(item)}"
            section.wrong(f"inputs[{index}]", item, msg)
    return found, node, len(found) == len(node.items)


def _config(
    section: Section, kind: StepType | None, effect: str | None, params: Params, catalogue: Catalogue
) -> dict[str, Any]:
    node = section.get("config")
    if node is not None and not isinstance(node, Entries):
        section.wrong("config", node, f"config: expected a mapping, got {describe(node)}")
        return {}
    config: dict[str, Any] = {} if node is None else plain(node)
    values = _Values(section, params)
    filled = {} if node is None else values.fill(node)
    if effect is not None:
        if "effect" in config:
            key = node.entries["effect"][0] if isinstance(node, Entries) else section.node
            section.faults.add(key, section.place("config.effect"), f"the type names the effect already: {effect!r}")
        config, filled = {**config, "effect": effect}, {**filled, "effect": effect}
    if kind is None or section.faults.full:
        return config
    if ("effect",) in values.open and filled["effect"] not in catalogue.effects:
        return config  # Which effect it is, and so what it takes, is known when the run starts.
    for one in catalogue.complaints(kind.name, filled):
        if not values.excuse(one):
            at = _locate(node, one) if node is not None else section.node
            section.faults.add(at, section.place(one.fault().loc), values.worded(one))
    return config


def _follows(section: Section, kind: StepType, config: dict[str, Any], catalogue: Catalogue) -> tuple[Follow, ...]:
    node = section.get("config")
    found = []
    for bound in catalogue.bound(kind.name, config):
        here = Complaint((bound.key, bound.source), "")
        key, at = (_locate(node, msgspec.structs.replace(here, about=about)) for about in ("key", "value"))
        found.append(Follow(bound, at, key, section.place(here.fault().loc)))
    return tuple(found)


class _Values:
    """A config with its params filled in: by their defaults, or by a value of the same type where there is none.

    ``open`` are the paths whose value is not known before a run.
    """

    def __init__(self, section: Section, params: Params) -> None:
        self.open: set[Path] = set()
        self._section = section
        self._params = params
        self._unknown: set[Path] = set()
        self._names: dict[Path, str] = {}

    def fill(self, node: Node, path: Path = ()) -> Any:
        # The depth of a document is bounded, so this may recurse.
        if isinstance(node, Entries):
            return {key: self.fill(value, (*path, key)) for key, (_, value) in node.entries.items()}
        if isinstance(node, Items):
            return [self.fill(item, (*path, index)) for index, item in enumerate(node.items)]
        if not isinstance(node.value, str):
            return node.value
        if not node.value.startswith(PREFIX):
            if _ALMOST_PARAM.fullmatch(node.value):
                self._wrong(node, path, f"{quote(node.value)}: a param is written {PREFIX}NAME")
            return node.value
        name = node.value.removeprefix(PREFIX)
        if name not in self._params:
            self._wrong(node, path, unknown("param", name, self._params))
            return node.value
        return self._value(name, path)

    def excuse(self, one: Complaint) -> bool:
        """Whether a complaint says nothing about the recipe, since it is about a value that a run may set."""
        if one.path in self._unknown:
            return True
        # A complaint about the whole compares values with each other, and so does one about an order.
        if one.about == "order":
            beside = one.path[:-2]
            return any(path[: len(beside)] == beside for path in self.open)
        return one.about == "value" and (one.path in self.open or (not one.path and bool(self.open)))

    def worded(self, one: Complaint) -> str:
        """A complaint's message, which names the param that the value came from."""
        name = self._names.get(one.path)
        if name is None:
            return one.msg
        param = self._params[name]
        if one.path in self.open and param is not None:
            return f"{one.msg.partition(', got ')[0]}, and {PREFIX}{name} is a {param.type}"
        return f"{one.msg} (from {PREFIX}{name})"

    def _wrong(self, node: Node, path: Path, msg: str) -> None:
        if not self._section.faults.full:
            loc = Complaint(path, "").fault().loc
            self._section.wrong(loc, node, msg)
        self._unknown.add(path)
        self.open.add(path)

    def _value(self, name: str, path: Path) -> Any:
        param = self._params[name]
        if param is None:
            self._unknown.add(path)
            self.open.add(path)
            return None
        self._names[path] = name
        if param.default is not None:
            return param.default
        self.open.add(path)
        if param.choices:
            return param.choices[0]
        return {"string": "", "boolean": False}.get(param.type, 1)


def _locate(node: Node | None, one: Complaint) -> Placed:
    """Where a complaint's value stands; the key's place if the key is what is wrong."""
    assert node is not None  # A complaint about no config at all is placed by the caller.
    at: Placed = node
    for part in one.path:
        if isinstance(node, Entries) and part in node.entries:
            key, node = node.entries[str(part)]
            at = key if one.about == "key" else node
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = at = node.items[part]
        else:
            break
    return at


def _empty(node: Node) -> str:
    return "an empty list" if isinstance(node, Items) else describe(node)
