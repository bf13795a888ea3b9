"""The provenance record of a completed run: from what, by what, where and when an output was made. A dag-json blob."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from artdagd import __version__
from artdagd.cid import cid_of_value
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow
from artdagd.plans.identities import features_by_analyzer
from artdagd.plans.model import Plan, PlannedStep
from artdagd.steps.catalogue import Catalogue, Identity, Sort


class RecordedSegment(msgspec.Struct, frozen=True):
    """``frames`` of a result, from number ``first`` on, as they were made apart from the others."""

    segment_id: str
    first: int
    frames: int
    cid: str


class RecordedSound(msgspec.Struct, frozen=True):
    """All of a result's sound, as it was made apart."""

    sound_id: str
    cid: str


class RecordedParts(msgspec.Struct, frozen=True):
    """The parts that the result of a step was put together from; or ``whole`` says why it was made in one piece,
    although its plan cuts it."""

    step_id: str
    segments: list[RecordedSegment] = []
    sound: RecordedSound | None = None
    whole: str = ""


class Record(msgspec.Struct, frozen=True):
    """What is used of a record when it is read; see docs/formats.md. ``parts`` is None in one that was written before
    records named any."""

    task_id: str
    output: dict[str, str]
    plan: str
    steps: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    infrastructure: dict[str, dict[str, Any]]
    libraries: dict[str, str] = {}
    parts: list[RecordedParts] | None = None


def software() -> dict[str, Any]:
    """What renders: the daemon's distribution and the Python under it."""
    return {"name": "infra:artdagd", "version": __version__, "python": platform.python_version()}


def hardware() -> dict[str, Any]:
    """The machine, as far as it may shape a result."""
    return {
        "name": f"infra:{platform.node()}",
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count() or 1,
    }


def provenance(
    run: RunRow,
    made: Plan,
    output_cid: str,
    rendered_at: str,
    actions: Mapping[str, ActionRow],
    catalogue: Catalogue,
    parts: Sequence[RecordedParts] = (),
) -> dict[str, Any]:
    """The record. ``rendered_at`` is when the run was completed; ``actions`` are the action records of its passes and
    their parts; ``parts`` are what its results were put together from.

    The fields of the system that artdagd replaces keep their names; ``plan``, ``recipe`` and ``libraries`` are added,
    so that the record alone suffices to render again.
    """
    return {
        "task_id": run.run_id,
        "rendered_at": rendered_at,
        "rendered_by": run.owner,
        "output": {"name": made.output, "cid": output_cid},
        "inputs": [{"name": name, "cid": cid} for name, cid in sorted(made.inputs.items())],
        "effects": _implementations(made, catalogue),
        "infrastructure": {
            "software": {**software(), "cid": cid_of_value(software())},
            "hardware": {**hardware(), "cid": cid_of_value(hardware())},
        },
        "recipe": {"name": made.name, "cid": made.recipe_id},
        "plan": run.plan_id,
        "params": made.params,
        "analyses": [{"step_id": step_id, "cid": cid} for step_id, cid in sorted(made.analyses.items())],
        "steps": [
            {
                "step_id": step.step_id,
                "type": step.type,
                "cache_id": step.cache_id,
                "output_cid": actions[step.cache_id].output_cid if step.cache_id in actions else None,
            }
            for step in made.steps
        ],
        "parts": msgspec.to_builtins(list(parts)),
        "libraries": _libraries(actions),
    }


def _implementations(made: Plan, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every implementation that took part, once, with the CID of its identity."""
    found = {
        identity.cid: {"name": name, "cid": identity.cid, **_named(identity.record)}
        for name, identity in took_part(made, catalogue)
    }
    return [found[cid] for cid in sorted(found)]


def took_part(made: Plan, catalogue: Catalogue) -> Iterator[tuple[str, Identity]]:
    """What carries out each step, by name: its effect, or its step type and the analyzers that it asks."""
    for step in made.steps:
        for sort, name in _parts(step, catalogue):
            yield name, catalogue.identity(sort, name)


def _parts(step: PlannedStep, catalogue: Catalogue) -> list[tuple[Sort, str]]:
    if step.type == "EFFECT":
        return [("effect", step.config["effect"])]
    analyzers = features_by_analyzer(step, catalogue) if step.type == "ANALYZE" else ()
    return [("step", step.type), *(("analyzer", name) for name in analyzers)]


def _named(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record[key] for key in ("distribution", "version") if key in record}


def _libraries(actions: Mapping[str, ActionRow]) -> dict[str, str]:
    """Versions by name; where several took part, as what was made before an upgrade is not made again, all of them."""
    found: dict[str, set[str]] = {}
    for action in actions.values():
        for name, version in action.libraries.items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}
