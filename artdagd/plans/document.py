"""A plan as a document: its bytes, its id, and the strict check of a plan that somebody sends."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

import msgspec

from artdagd.cid import CID, cid_of_dag_json_bytes, dag_json
from artdagd.errors import ArtdagError, Fault, InvalidRequest, TooLarge
from artdagd.plans import cache_ids
from artdagd.plans.assemble import Binding, assemble
from artdagd.plans.deliveries import check_delivery
from artdagd.plans.draft import Draft
from artdagd.plans.model import ConcreteStep, Plan, PlannedStep
from artdagd.steps.catalogue import Catalogue
from artdagd.work import Delivery, MediaFacts

MAX_PLAN_BYTES = 32 * 1024 * 1024
"""A plan's size. 5,000 steps are about 2 MiB; the time map of an hour of music about 1 MiB."""

MAX_STEPS = 20_000
"""Steps of a plan that comes from outside: twice a recipe's, since a BEAT_SYNC becomes up to three."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}(\.retime|\.resize)?")
_ADVICE = "Make a new plan with POST /api/plan, and send it unchanged."


def plan_bytes(plan: Plan) -> bytes:
    """The plan as canonical dag-json: what is stored as a blob."""
    return dag_json(msgspec.to_builtins(plan))


def plan_id(plan: Plan) -> str:
    """The CID of ``plan_bytes(plan)`` (dag-json, sha2-256, base32)."""
    return cid_of_dag_json_bytes(plan_bytes(plan))


def plan_from_bytes(data: bytes) -> Plan:
    """Read a plan from JSON. The shape alone is checked: a plan from outside also goes through ``check_plan``.

    Raises InvalidRequest (not a plan) and TooLarge (over ``MAX_PLAN_BYTES``).
    """
    if len(data) > MAX_PLAN_BYTES:
        raise TooLarge(f"The plan has {len(data)} bytes; the most is {MAX_PLAN_BYTES}.", advice="Split the recipe.")
    try:
        return msgspec.json.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"This is not a plan: {error}.", advice=_ADVICE) from None


def check_plan(plan: Plan, catalogue: Catalogue, cluster_key: str, facts: Mapping[str, MediaFacts]) -> Plan:
    """Work out ``plan`` anew from its steps and inputs, and return it in canonical form (floats where floats belong).

    ``facts`` are what this node's own probe learned about each of ``plan.inputs``: a plan's claim about the sound of an
    input names results, so a false one would poison the cache. ``recipe_id`` and the CIDs in ``analyses`` are claims
    that only the caller can check; no cache id depends on them. Raises InvalidRequest with what differs.
    """
    stored = {each.steps[-1] for each in plan.passes if each.steps}
    expected = worked_out(plan, catalogue, cluster_key, facts, stored)
    if plan != expected:
        raise _difference(plan, expected)
    return expected


def worked_out(
    plan: Plan, catalogue: Catalogue, cluster_key: str, facts: Mapping[str, MediaFacts], stored: Container[str]
) -> Plan:
    """The plan that this node makes of ``plan``'s steps and inputs, with what is installed here; of all else that it
    says nothing is taken over but ``recipe_id`` and ``analyses``. The results of the steps ``stored`` are.

    Raises InvalidRequest for what can't be a plan here.
    """
    _check_names(plan)
    draft = Draft(catalogue, {name: facts[name] for name in plan.inputs})
    delivered = [each.delivery for each in plan.passes if each.delivery is not None]
    if len(delivered) != 1:
        raise _wrong("passes", "exactly one pass has a delivery, the one that makes the output")
    try:
        for step in plan.steps:
            if step.type == "BEAT_SYNC":
                raise _wrong(
                    f"steps.{step.step_id}.type", "a plan has no BEAT_SYNC: planning makes RETIME and MUX of it"
                )
            keep = step.step_id in stored
            draft.add(ConcreteStep(step.step_id, step.recipe_step, step.type, step.config, step.inputs, keep))
        _check_live(plan)
        check_delivery(delivered[0], plan.output, draft.shape(plan.output, plan.output))
        binding = _binding(plan, delivered[0], facts, cluster_key)
        return assemble(draft.steps, draft.shapes, binding, catalogue)
    except InvalidRequest:
        raise
    except ArtdagError as error:
        raise InvalidRequest(f"The plan is wrong. {error.detail}", advice=error.advice, faults=error.faults) from None


def _binding(plan: Plan, delivery: Delivery, facts: Mapping[str, MediaFacts], cluster_key: str) -> Binding:
    return Binding(
        recipe_id=plan.recipe_id,
        name=plan.name,
        inputs=plan.inputs,
        params=plan.params,
        analyses=plan.analyses,
        facts=facts,
        output=plan.output,
        delivery=delivery,
        cluster=cache_ids.cluster_digest(cluster_key),
    )


def _check_names(plan: Plan) -> None:
    try:
        dag_json(plan.params)
    except ValueError as error:
        raise _wrong("params", str(error)) from None
    if len(plan.steps) > MAX_STEPS:
        raise _wrong("steps", f"there are {len(plan.steps)} steps; the most is {MAX_STEPS}")
    for name in (*plan.inputs, *(step.step_id for step in plan.steps), *(step.recipe_step for step in plan.steps)):
        if not _NAME.fullmatch(name):
            raise _wrong("steps", f"{name!r} is no name of a step or an input")
    for place, cids in (("inputs", plan.inputs), ("analyses", plan.analyses)):
        for name, cid in cids.items():
            try:
                CID.parse(cid)
            except ValueError as error:
                raise _wrong(f"{place}.{name}", f"{cid!r} is not a CID: {error}") from None


def _check_live(plan: Plan) -> None:
    """Every step leads to the output or is an ANALYZE step with an analysis; the output is a step that renders."""
    needed = {plan.output}
    for step in reversed(plan.steps):
        if step.type == "ANALYZE":
            if step.step_id in needed:
                raise _wrong(f"steps.{step.step_id}", "an analysis can't be rendered")
        elif step.step_id not in needed:
            raise _wrong(f"steps.{step.step_id}", "nothing needs this step")
        else:
            needed.update(step.inputs)
    analyzed = {step.step_id for step in plan.steps if step.type == "ANALYZE"}
    if set(plan.analyses) != analyzed:
        raise _wrong("analyses", "it has to name the ANALYZE steps, all and no other")
    if plan.output not in {step.step_id for step in plan.steps}:
        raise _wrong("output", f"there is no step {plan.output!r}")


def _difference(plan: Plan, expected: Plan) -> InvalidRequest:
    """The first thing in ``plan`` that isn't as this node works it out."""
    for field in PlannedStep.__struct_fields__:
        for given, ours in zip(plan.steps, expected.steps, strict=False):
            if getattr(given, field) != getattr(ours, field):
                return _wrong(
                    f"steps.{given.step_id}.{field}",
                    f"it is {_short(getattr(given, field))}, and this node works out {_short(getattr(ours, field))}",
                )
    for field in plan.__struct_fields__:
        if getattr(plan, field) != getattr(expected, field):
            return _wrong(field, "it is not what this node works out from the steps")
    return _wrong("", "it is not what this node works out from the steps")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _wrong(loc: str, msg: str) -> InvalidRequest:
    return InvalidRequest(f"The plan is wrong at {loc or 'its top'}: {msg}.", advice=_ADVICE, faults=[Fault(loc, msg)])
