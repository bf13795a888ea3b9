"""Recipe + inputs + facts + analyses -> plan. Pure and deterministic: the same arguments give the same plan bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artdagd.cid import CID
from artdagd.plans import beat_sync, moving
from artdagd.plans.assemble import Binding, assemble
from artdagd.plans.cache_ids import analysis_cache_id, cluster_digest
from artdagd.plans.deliveries import check_delivery
from artdagd.plans.draft import Draft
from artdagd.plans.faults import wrong_input, wrong_step
from artdagd.plans.identities import features_by_analyzer, identities
from artdagd.plans.model import Analysis, AnalysisRequest, ConcreteStep, Plan
from artdagd.plans.ports import check_port, expand_ports
from artdagd.recipes.bind import bind_params, resolve
from artdagd.recipes.model import Recipe, RecipeStep
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.suggest import unknown
from artdagd.work import MediaFacts


def analysis_requests(
    recipe: Recipe,
    inputs: Mapping[str, str],
    params: Mapping[str, Any],
    catalogue: Catalogue,
    cluster_key: str = "",
) -> tuple[AnalysisRequest, ...]:
    """What phase 1 must compute before ``plan`` can be called, in the order of the recipe; dead steps ask nothing.

    Raises InvalidRecipe: an input or param is missing, unknown or of the wrong type, or no analyzer gives a feature.
    """
    check_inputs(recipe, inputs)
    values = bind_params(recipe, params)
    cluster = cluster_digest(cluster_key)
    draft = Draft(catalogue, {})
    requests = []
    for step in live_steps(recipe):
        if step.type == "ANALYZE":
            concrete = draft.canonical(_written(step, recipe, inputs, values, draft))
            requests.append(_request(concrete, inputs, catalogue, cluster))
    return tuple(requests)


def plan(
    recipe: Recipe,
    *,
    recipe_id: str,
    inputs: Mapping[str, str],
    facts: Mapping[str, MediaFacts],
    params: Mapping[str, Any],
    analyses: Mapping[str, Analysis],
    catalogue: Catalogue,
    cluster_key: str = "",
) -> Plan:
    """Bind ``recipe`` to ``inputs`` (name -> CID), with ``facts`` (name -> what the probe learned) and ``analyses``
    (ANALYZE step id -> what phase 1 found).

    Raises InvalidRecipe, whose faults name step, input and remedy; StepFailed (``analyzer_error``) if an analyzer
    returned beats that aren't times.
    """
    check_inputs(recipe, inputs)
    values = bind_params(recipe, params)
    draft = Draft(catalogue, {name: facts[name] for name in inputs})
    analyzed: dict[str, str] = {}
    for step in live_steps(recipe):
        written = _written(step, recipe, inputs, values, draft)
        if step.type == "BEAT_SYNC":
            for part in _resolve(draft.canonical(written), draft, analyzed, analyses):
                draft.add(part)
        else:
            draft.add(moving.resolve(written, draft, catalogue, lambda name: _features(name, analyzed, analyses)))
            if step.type == "ANALYZE":
                analyzed[step.id] = written.inputs[0]
    if recipe.output in analyzed or recipe.output in inputs:
        problem = "the output has to be a step that makes media"
        raise wrong_step(recipe.output, "type", problem, "Name a step that renders as the output.")
    check_delivery(recipe.delivery, recipe.output, draft.shape(recipe.output, recipe.output))
    binding = Binding(
        recipe_id=recipe_id,
        name=recipe.name,
        inputs=inputs,
        params=values,
        analyses={step_id: analyses[step_id].cid for step_id in analyzed},
        facts=facts,
        output=recipe.output,
        delivery=recipe.delivery,
        cluster=cluster_digest(cluster_key),
    )
    return assemble(draft.steps, draft.shapes, binding, catalogue)


def live_steps(recipe: Recipe) -> list[RecipeStep]:
    """The steps that the output needs, in the order of the recipe. The others never reach a plan."""
    needed = {recipe.output}
    for step in reversed(recipe.steps):
        if step.id in needed:
            needed.update(step.inputs, step.follows)
    return [step for step in recipe.steps if step.id in needed]


def check_inputs(recipe: Recipe, inputs: Mapping[str, str]) -> None:
    """Raise InvalidRecipe unless ``inputs`` are CIDs, all of them declared, and all that are required."""
    for name, cid in inputs.items():
        if name not in recipe.inputs:
            raise wrong_input(name, unknown("input", name, recipe.inputs), "Bind the inputs that the recipe declares.")
        try:
            CID.parse(cid)
        except ValueError as error:
            raise wrong_input(name, f"{cid!r} is not a CID: {error}", "Upload the file and use its CID.") from None
    for name, declared in recipe.inputs.items():
        if declared.required and name not in inputs:
            raise wrong_input(name, "it is missing", f"Bind it to the CID of {declared.type}.")


def _written(
    step: RecipeStep, recipe: Recipe, inputs: Mapping[str, str], params: Mapping[str, Any], draft: Draft
) -> ConcreteStep:
    """``step`` with params filled in; an optional input that isn't bound drops out of a port that takes many."""
    ports = draft.step_type(step.id, step.type).ports
    absent = {name for name in step.inputs if name in recipe.inputs and name not in inputs}
    sources = tuple(name for name in step.inputs if name not in absent)
    if absent and not (sources and ports and ports[-1].many):
        name = min(absent)
        raise wrong_input(name, f"step {step.id!r} can't do without it", "Bind it to the CID of a file.")
    return ConcreteStep(step.id, step.id, step.type, resolve(step.config, params), sources, step.keep)


def _request(step: ConcreteStep, inputs: Mapping[str, str], catalogue: Catalogue, cluster: str) -> AnalysisRequest:
    if len(step.inputs) != 1 or step.inputs[0] not in inputs:
        raise wrong_step(step.step_id, "inputs", "ANALYZE takes one recipe input", "Analyze an input of the recipe.")
    name = step.inputs[0]
    own, *others = identities(step, catalogue)
    shares = features_by_analyzer(step, catalogue)
    cache_ids = {
        analyzer: analysis_cache_id((own, other), features, inputs[name], cluster)
        for (analyzer, features), other in zip(shares.items(), others, strict=True)
    }
    whole = analysis_cache_id((own, *others), step.config["features"], inputs[name], cluster)
    return AnalysisRequest(step.step_id, name, inputs[name], shares, cache_ids, whole)


def _features(name: str, analyzed: Mapping[str, str], analyses: Mapping[str, Analysis]) -> Mapping[str, Any] | None:
    return analyses[name].features if name in analyzed else None


def _resolve(
    step: ConcreteStep, draft: Draft, analyzed: Mapping[str, str], analyses: Mapping[str, Analysis]
) -> tuple[ConcreteStep, ...]:
    ports = draft.step_type(step.step_id, step.type).ports
    expand_ports(step.step_id, ports, len(step.inputs))
    video, analysis = step.inputs
    if analysis not in analyzed:
        problem = f"its second input {analysis!r} is not an ANALYZE step"
        raise wrong_step(step.step_id, "inputs", problem, "Analyze the music with ANALYZE and name that step.")
    shape = draft.shape(step.step_id, video)
    sound = draft.shape(step.step_id, analyzed[analysis])
    check_port(step.step_id, video, shape, "video")
    check_port(step.step_id, analyzed[analysis], sound, "audio")
    return beat_sync.resolve(
        step,
        video=shape,
        audio_input=analyzed[analysis],
        audio_duration=sound.audio or 0.0,
        features=analyses[analysis].features,
    )
