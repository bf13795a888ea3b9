"""From concrete steps to a plan: order, names, levels, passes; all that a plan says beyond its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from artdagd.plans import cache_ids
from artdagd.plans.costs import works
from artdagd.plans.faults import wrong_step
from artdagd.plans.identities import identities
from artdagd.plans.model import ConcreteStep, Pass, Plan, PlannedStep
from artdagd.plans.passes import levels, partition
from artdagd.plans.ports import expand_ports
from artdagd.plans.segments import in_parts
from artdagd.plans.shapes import Shape
from artdagd.plans.windows import Names
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery, MediaFacts


class Binding(msgspec.Struct, frozen=True):
    """What the steps are bound to; the fields as in :class:`artdagd.plans.model.Plan`. ``facts`` are the probe's, by
    recipe input; ``cluster`` is ``cluster_digest(key)``."""

    recipe_id: str
    name: str
    inputs: Mapping[str, str]
    params: Mapping[str, Any]
    analyses: Mapping[str, str]
    facts: Mapping[str, MediaFacts]
    output: str
    delivery: Delivery
    cluster: str


class _Named(msgspec.Struct, frozen=True):
    step: ConcreteStep
    identity: str
    cache_id: str


def assemble(
    steps: Sequence[ConcreteStep], shapes: Mapping[str, Shape], binding: Binding, catalogue: Catalogue
) -> Plan:
    """Name, order and partition ``steps``, which are in topological order and checked (ports, shapes, no dead step).
    ``shapes`` are theirs and the recipe inputs'.

    Steps that are the same computation become one, the one that comes first by level and id. ANALYZE steps stay as
    they are. The result doesn't depend on the order of independent steps.
    """
    level = levels(steps)
    ordered = sorted(steps, key=lambda step: (level[step.step_id], step.step_id))
    named, audio = _name(ordered, binding, catalogue)
    computed = [each.step for each in named if each.step.type != "ANALYZE"]
    passes = partition(computed, binding.output, works(computed, shapes, catalogue))
    cache_id = {each.step.step_id: each.cache_id for each in named}
    pass_of = {step_id: cache_id[ids[-1]] for ids in reversed(passes) for step_id in ids}
    planned = tuple(
        PlannedStep(
            step_id=each.step.step_id,
            recipe_step=each.step.recipe_step,
            type=each.step.type,
            config=each.step.config,
            inputs=each.step.inputs,
            identity=each.identity,
            cache_id=each.cache_id,
            level=level[each.step.step_id],
            pass_id=pass_of.get(each.step.step_id),
        )
        for each in named
    )
    names = Names(computed, shapes, binding.inputs, binding.facts, catalogue)
    alone = [Pass(cache_id[ids[-1]], ids, binding.delivery if ids[-1] == binding.output else None) for ids in passes]
    made = in_parts(alone, computed, names, catalogue, binding.cluster)
    return Plan(
        recipe_id=binding.recipe_id,
        name=binding.name,
        inputs=dict(binding.inputs),
        params=dict(binding.params),
        analyses=dict(binding.analyses),
        audio=audio,
        steps=planned,
        levels=_rows(planned),
        passes=made,
        output=binding.output,
        extents=names.extents if any(item.segments for item in made) else {},
    )


def _name(
    ordered: Sequence[ConcreteStep], binding: Binding, catalogue: Catalogue
) -> tuple[list[_Named], dict[str, str]]:
    """The steps with their names, each computation once; and the digests of the inputs that are named by sound."""
    names: dict[str, str] = {}
    audio: dict[str, str] = {}
    same: dict[str, str] = {}
    made: dict[str, _Named] = {}
    for step in ordered:
        if not same.keys().isdisjoint(step.inputs):
            step = msgspec.structs.replace(step, inputs=tuple(same.get(name, name) for name in step.inputs))
        inputs = []
        ports = expand_ports(step.step_id, catalogue.step_types[step.type].ports, len(step.inputs))
        for name, port in zip(step.inputs, ports, strict=True):
            if name in names:
                inputs.append(names[name])
            elif port.carries == "audio" or (port.carries == "any" and binding.facts[name].video is None):
                audio[name] = _digest(step, name, binding.facts)
                inputs.append(cache_ids.audio_name(audio[name]))
            else:
                inputs.append(binding.inputs[name])
        identity = identities(step, catalogue)
        config = {"features": sorted(set(step.config["features"]))} if step.type == "ANALYZE" else step.config
        delivery = binding.delivery if step.step_id == binding.output else None
        try:
            cache_id = cache_ids.cache_id(step.type, identity, config, inputs, binding.cluster, delivery)
        except ValueError as error:
            raise wrong_step(step.step_id, "config", f"it has no canonical form: {error}", "Use JSON types.") from None
        names[step.step_id] = cache_id
        if cache_id in made and step.type != "ANALYZE":
            first = made[cache_id]
            same[step.step_id] = first.step.step_id
            keep = first.step.keep or step.keep
            made[cache_id] = msgspec.structs.replace(first, step=msgspec.structs.replace(first.step, keep=keep))
        else:
            key = step.step_id if step.type == "ANALYZE" else cache_id
            made[key] = _Named(step, identity[1] if step.type == "EFFECT" else identity[0], cache_id)
    return list(made.values()), audio


def _digest(step: ConcreteStep, name: str, facts: Mapping[str, MediaFacts]) -> str:
    found = facts[name].audio
    if found is None:
        raise wrong_step(step.step_id, "inputs", f"it needs sound, and {name!r} has none", "Give it music.")
    return found.digest


def _rows(steps: Sequence[PlannedStep]) -> tuple[tuple[str, ...], ...]:
    rows: list[list[str]] = []
    for step in steps:
        while len(rows) <= step.level:
            rows.append([])
        rows[step.level].append(step.step_id)
    return tuple(tuple(row) for row in rows)
