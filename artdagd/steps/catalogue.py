"""What this node can do: built-in step types, effects and analyzers, each with the identity of its implementation."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec

import artdagd
from artdagd.cid import cid_of_value
from artdagd.hooks import Analyzer, Effect
from artdagd.hooks.manager import Plugins
from artdagd.steps import moving
from artdagd.steps.config import Complaint, refusal
from artdagd.steps.movable_schema import movable_schema
from artdagd.steps.previews import PREVIEWS
from artdagd.steps.primitives import STEP_TYPES
from artdagd.steps.suggest import listed, quote, unknown
from artdagd.steps.types import StepType

Sort = Literal["step", "effect", "analyzer"]

_OWN = {kind.name: kind for kind in PREVIEWS}


class Identity(msgspec.Struct, frozen=True):
    """Which code computes: ``record`` is {distribution, name, version, module}, ``module`` the SHA-256 of its file.

    ``cid`` is the CID of the record as dag-json.
    """

    record: dict[str, Any]
    cid: str


class Catalogue:
    """Step types, effects and analyzers by name. Immutable once made."""

    def __init__(self, plugins: Plugins, step_types: tuple[StepType, ...] = STEP_TYPES) -> None:
        self.step_types: Mapping[str, StepType] = MappingProxyType({kind.name: kind for kind in step_types})
        self.effects: Mapping[str, Effect] = MappingProxyType(dict(plugins.effects))
        self.analyzers: Mapping[str, Analyzer] = MappingProxyType(dict(plugins.analyzers))
        self._plugins = plugins
        self._identities: dict[tuple[str, str], Identity] = {}

    @classmethod
    def of(cls, plugins: Plugins) -> Catalogue:
        return cls(plugins)

    def identity(self, sort: Sort, name: str) -> Identity:
        """The identity of an implementation, of a preview too. KeyError for a name that is not here."""
        key = (sort, name)
        if key not in self._identities:
            self._identities[key] = self._identify(sort, name)
        return self._identities[key]

    def analyzer_for(self, feature: str) -> Analyzer:
        """The analyzer that gives ``feature``; KeyError if none does. The first by name wins."""
        for name in sorted(self.analyzers):
            if feature in self.analyzers[name].features:
                return self.analyzers[name]
        raise KeyError(feature)

    @cached_property
    def capitals(self) -> Mapping[str, str]:
        """The names of effects in capitals, which may stand for a step type: ``BLUR`` is EFFECT with ``effect: blur``.

        A step type of that name comes before.
        """
        names = {name.upper(): name for name in sorted(self.effects, reverse=True)}
        return MappingProxyType({upper: name for upper, name in names.items() if upper not in self.step_types})

    @cached_property
    def features(self) -> tuple[str, ...]:
        return tuple(sorted({feature for item in self.analyzers.values() for feature in item.features}))

    @cached_property
    def digest(self) -> str:
        """One name for all identities: a worker with another digest computes other things."""
        own: list[tuple[Sort, str]] = [("step", name) for name in sorted(_OWN)]
        return cid_of_value([self.identity(sort, name).cid for sort, name in self._names() + own])

    def complaints(self, step_type: str, raw: Mapping[str, Any]) -> list[Complaint]:
        """All that is wrong with a step's config; KeyError for an unknown step type."""
        if step_type == "EFFECT":
            name = raw.get("effect")
            if name is None:
                return [Complaint((), f"parameter 'effect' is missing; {listed(self.effects)}", "key")]
            if not isinstance(name, str) or name not in self.effects:
                return [Complaint(("effect",), unknown("effect", name, self.effects))]
        kind, movable = self._parameters(step_type, raw)
        found = moving.complaints(kind, _own(step_type, raw), movable, self.features)
        if step_type == "ANALYZE" and not found:
            return self._feature_complaints(raw.get("features", ()))
        return found

    def config(self, step_type: str, raw: Mapping[str, Any]) -> tuple[msgspec.Struct, dict[str, Any]]:
        """A step's config, validated: as a struct, and in canonical form with every default filled in.

        For EFFECT the struct is the effect's own config. Raises InvalidRecipe that lists everything wrong; the faults'
        ``loc`` begins at ``config``.
        """
        if found := self.complaints(step_type, raw):
            raise refusal(found)
        if following := self.bound(step_type, raw):
            msg = "{0} follows {1}, which is found while a recipe is planned; here, give a number or a curve"
            raise refusal([Complaint((one.key,), msg.format(one.key, quote(one.step_id))) for one in following])
        kind, _ = self._parameters(step_type, raw)
        struct, filled = moving.canonical(kind, _own(step_type, raw))
        return struct, {"effect": raw["effect"], **filled} if step_type == "EFFECT" else filled

    def bound(self, step_type: str, raw: Mapping[str, Any]) -> list[moving.Bound]:
        """The parameters of a step's config, as a recipe has it, that are bound to an analysis. Where the effect is not
        known yet, all that look so."""
        open_ = step_type == "EFFECT" and raw.get("effect") not in self.effects
        kind = None if open_ else self._parameters(step_type, raw)[0]
        return moving.bound(kind, _own(step_type, raw), self.features)

    def still(self, step_type: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        """A step's config, which has no fault, with a number in place of everything that moves."""
        return {**raw, **moving.still(self._parameters(step_type, raw)[0], _own(step_type, raw))}

    def describe(self) -> list[dict[str, Any]]:
        """Everything installed, for a person or a form: not to be changed."""
        return self._described

    @cached_property
    def _described(self) -> list[dict[str, Any]]:
        # JSON Schemas of all that is installed take the better part of a second.
        return [self._describe(sort, name) for sort, name in self._names()]

    def _names(self) -> list[tuple[Sort, str]]:
        steps: list[tuple[Sort, str]] = [("step", name) for name in sorted(self.step_types)]
        effects: list[tuple[Sort, str]] = [("effect", name) for name in sorted(self.effects)]
        return steps + effects + [("analyzer", name) for name in sorted(self.analyzers)]

    def _parameters(self, step_type: str, raw: Mapping[str, Any]) -> tuple[type[msgspec.Struct], tuple[str, ...]]:
        """What checks the parameters of a step, and which of them may move."""
        if step_type == "EFFECT":
            return self._effects_movable[raw["effect"]]
        return self.step_types[step_type].config, self.step_types[step_type].moving

    @cached_property
    def _effects_movable(self) -> Mapping[str, tuple[type[msgspec.Struct], tuple[str, ...]]]:
        return {name: _movable(effect) for name, effect in self.effects.items()}

    def _feature_complaints(self, features: Sequence[str]) -> list[Complaint]:
        found = []
        for index, feature in enumerate(features):
            if feature not in self.features:
                found.append(Complaint(("features", index), unknown("feature", feature, self.features)))
            elif feature in features[:index]:
                found.append(Complaint(("features", index), f"feature {feature!r} is named twice"))
        return found

    def _identify(self, sort: Sort, name: str) -> Identity:
        if sort == "step":
            kind = self.step_types.get(name) or _OWN[name]
            distribution, version, code = "artdagd", kind.version, _own_code(kind)
        elif sort == "effect":
            distribution, version = self._plugins.distribution("effect", name), self.effects[name].version
            effect = self.effects[name]
            made = dict.fromkeys(_code_of(function) for function in (effect.build, effect.paint) if function)
            code = b"".join(made)
        else:
            distribution, version = self._plugins.distribution("analyzer", name), self.analyzers[name].version
            code = _code_of(self.analyzers[name].analyze)
        digest = hashlib.sha256(code).hexdigest()
        record = {"distribution": distribution, "name": name, "version": version, "module": digest}
        return Identity(record, cid_of_value(record))

    def _describe(self, sort: Sort, name: str) -> dict[str, Any]:
        about: dict[str, Any] = {"name": name, "kind": sort}
        item: Any = {"step": self.step_types, "effect": self.effects, "analyzer": self.analyzers}[sort][name]
        plugin = "artdagd" if sort == "step" else self._plugins.owner(sort, name)
        about |= {"plugin": plugin, "version": item.version, "description": item.description}
        if sort == "analyzer":
            schema: dict[str, Any] = {"type": "object", "properties": {}}
            return about | {"inputs": [{"name": "input", "carries": item.needs, "many": False}],
                            "config_schema": schema, "example": {}, "features": dict(item.features)}  # fmt: skip
        ports = item.ports if sort == "step" else self.step_types["EFFECT"].ports
        return about | {
            "inputs": msgspec.to_builtins(ports),
            "config_schema": movable_schema(*_movable(item), self.features),
            "example": dict(item.example),
        }


def _movable(item: StepType | Effect) -> tuple[type[msgspec.Struct], tuple[str, ...]]:
    if isinstance(item, StepType):
        return item.config, item.moving
    return item.config, tuple(name for name in moving.numbers(item.config) if name not in item.fixed)


def _own(step_type: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the effect's name, which is no parameter of the effect."""
    return {key: value for key, value in raw.items() if key != "effect" or step_type != "EFFECT"}


def _own_code(kind: StepType) -> bytes:
    # Not through the import system: finding a submodule would import render, which the daemon must not.
    file = Path(artdagd.__file__).parent.joinpath(*kind.module.split(".")[1:]).with_suffix(".py")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"step type {kind.name}: its module {kind.module} is missing ({file})") from None


def _code_of(function: Any) -> bytes:
    """The bytes of the file that defines ``function``. Raises ValueError if there is none."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None) or inspect.unwrap(function).__code__.co_filename
    loader = getattr(module, "__loader__", None)
    try:
        # A loader also reads what lies in a zip file.
        data: bytes = loader.get_data(file) if loader and hasattr(loader, "get_data") else Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{function.__module__} has no file to read, so its code has no identity: {error}") from None
    return data
