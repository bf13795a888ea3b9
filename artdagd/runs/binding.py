"""From what a user asked for to what can be planned: the recipe found and parsed, inputs and params checked."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Container
from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.cid import DAG_JSON, cid_of_bytes
from artdagd.database import Database
from artdagd.database.blobs import BlobRow
from artdagd.database.runs import RunRow
from artdagd.errors import Fault, InvalidRecipe, InvalidRequest, NotFound
from artdagd.plans.document import MAX_PLAN_BYTES, check_plan, plan_from_bytes, worked_out
from artdagd.plans.model import Plan
from artdagd.recipes.bind import bind_params
from artdagd.recipes.model import Recipe
from artdagd.runs.aside import aside
from artdagd.runs.compute import Compute
from artdagd.runs.execution import Planning
from artdagd.runs.recipes import RecipeBook, effect_recipe
from artdagd.runs.views import PlanRequest, RunRequest
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.suggest import unknown
from artdagd.store import BlobStore, parse_cid


class Bound(msgspec.Struct, frozen=True):
    """A run request, checked. ``plan_id`` is set when the user gave a plan instead of a recipe, else ``what``."""

    recipe_id: str | None
    recipe_name: str | None
    effect: str | None
    inputs: dict[str, str]
    params: dict[str, Any]
    plan_id: str | None = None
    what: Planning | None = None


class Binder:
    """Checks requests against the recipe book and the library."""

    def __init__(
        self,
        store: BlobStore,
        database: Database,
        compute: Compute,
        book: RecipeBook,
        catalogue: Catalogue,
        cluster_key: str,
    ) -> None:
        self._store = store
        self._compute = compute
        self._database = database
        self._book = book
        self._catalogue = catalogue
        self._cluster_key = cluster_key

    def new_id(self) -> str:
        return f"run-{secrets.token_hex(10)}"

    async def bind_plan(self, request: PlanRequest, who: Principal) -> Planning:
        """Raises InvalidRequest, InvalidRecipe (faults named) or NotFound."""
        text = await self._text(request.recipe, request.recipe_yaml, who)
        return await self._planning(text, request.inputs, request.params, who)

    async def bind_run(self, request: RunRequest, who: Principal) -> Bound:
        asked = [name for name in ("recipe", "recipe_yaml", "effect", "plan_id", "plan") if getattr(request, name)]
        if len(asked) != 1:
            raise InvalidRequest(
                "a run needs exactly one of recipe, recipe_yaml, effect, plan_id, plan; "
                f"got {', '.join(asked) or 'none'}"
            )
        if request.plan_id or request.plan:
            return await self._bind_given_plan(request, who)
        if request.effect:
            text = self._effect_text(request)
            inputs = dict(zip(["input"], request.inputs, strict=False))
        else:
            text = await self._text(request.recipe, request.recipe_yaml, who)
            if isinstance(request.inputs, list):
                raise InvalidRequest("inputs of a recipe are an object {name: cid}, not a list")
            inputs = request.inputs
        what = await self._planning(text, inputs, request.params, who)
        # The run must find its recipe again after a restart, whatever happens to the recipe book.
        await self._store.put_bytes(text)
        name = None if request.effect else what.recipe.name
        recipe_id = None if request.effect else what.recipe_id
        if request.effect:
            return Bound(recipe_id, name, request.effect, what.inputs, {"config": request.config}, what=what)
        return Bound(recipe_id, name, None, what.inputs, what.params, what=what)

    async def rebind(self, row: RunRow) -> Planning:
        """The planning of a run that was accepted earlier."""
        if row.effect:
            text = effect_recipe(row.effect, row.params.get("config", {}))
            params: dict[str, Any] = {}
        else:
            text = (await self._store.path(row.recipe_id or "")).read_bytes()
            params = row.params
        recipe = await self._book.parse(text)
        return Planning(cid_of_bytes(text), recipe, row.inputs, bind_params(recipe, params))

    async def read_plan(self, plan_id: str) -> Plan:
        """The plan that the node keeps under ``plan_id``. Raises InvalidRequest if that names no plan, NotFound."""
        if parse_cid(plan_id).codec != DAG_JSON:
            # A film has a CID too, and must not be read into memory.
            raise InvalidRequest(f"plan_id: {plan_id} names no plan", advice="Plans have CIDs that start with baguqee.")
        path = await self._store.path(plan_id)
        if path.stat().st_size > MAX_PLAN_BYTES:
            raise InvalidRequest(f"plan_id: {plan_id} names no plan: it is too large for one")
        return await aside(plan_from_bytes, await asyncio.to_thread(path.read_bytes))

    async def work_out(self, made: Plan, stored: Container[str]) -> Plan:
        """What this node makes of the steps and inputs of a plan, whoever made it, with the results of the steps
        ``stored``. Raises InvalidRequest, and NotFound where an input is gone."""
        facts = {name: await self._compute.facts(cid) for name, cid in made.inputs.items()}
        return await aside(worked_out, made, self._catalogue, self._cluster_key, facts, stored)

    async def check_inputs(self, made: Plan, who: Principal) -> None:
        """Raises NotFound for an input that is not among ``who``'s media."""
        for checked in (await self._checked(made.inputs, who)).values():
            if not isinstance(checked, BlobRow):
                raise checked

    async def _bind_given_plan(self, request: RunRequest, who: Principal) -> Bound:
        if request.plan_id:
            made = await self._kept_plan(request.plan_id, who)
        else:
            made = await aside(plan_from_bytes, msgspec.json.encode(request.plan))
            await self.check_inputs(made, who)
        facts = {name: await self._compute.facts(cid) for name, cid in made.inputs.items()}
        made = await aside(check_plan, made, self._catalogue, self._cluster_key, facts)
        await self._check_analyses(made)
        blob = await self._store.put_value(msgspec.to_builtins(made), "plans")
        return Bound(made.recipe_id, made.name, None, made.inputs, made.params, blob.cid)

    async def _kept_plan(self, plan_id: str, who: Principal) -> Plan:
        """Raises NotFound in the same words where there is none and where it is of others' media: who guesses an id is
        not told what they made of what."""
        try:
            made = await self.read_plan(plan_id)
            await self.check_inputs(made, who)
        except NotFound:
            raise NotFound(f"no plan {plan_id} of your media here", advice="Plan again: POST /api/plan.") from None
        return made

    async def _check_analyses(self, made: Plan) -> None:
        """A plan may only name analyses that this node made for it: others' are not its user's to read."""
        cache_ids = {step.step_id: step.cache_id for step in made.steps if step.step_id in made.analyses}
        known = await self._compute.known(list(cache_ids.values()))
        for step_id, cid in made.analyses.items():
            if step_id not in cache_ids or known.get(cache_ids[step_id]) != cid:
                raise InvalidRequest(f"analyses.{step_id}: {cid} is not this step's analysis", advice="Plan again.")

    async def _text(self, recipe: str | None, recipe_yaml: str | None, who: Principal) -> bytes:
        if (recipe is None) == (recipe_yaml is None):
            raise InvalidRequest("give either recipe (an id or a name) or recipe_yaml (its text)")
        if recipe_yaml is not None:
            return recipe_yaml.encode()
        return (await self._book.get(recipe or "", who)).yaml.encode()

    def _effect_text(self, request: RunRequest) -> bytes:
        name = request.effect or ""
        if name not in self._catalogue.effects:
            problem = unknown("effect", name, self._catalogue.effects)
            advice = "artdagctl plugins lists what is installed."
            raise InvalidRecipe(problem, advice=advice, faults=[Fault("effect", problem)])
        if "effect" in request.config:
            problem = "effect is named beside the config, not in it"
            raise InvalidRecipe(problem, faults=[Fault("config.effect", problem)])
        if not isinstance(request.inputs, list) or len(request.inputs) != 1:
            raise InvalidRequest(f"effect {name} takes one input: inputs must be a list of one CID")
        # Checked here, so that a fault names the parameter and not a place in a text that the user never saw.
        self._catalogue.config("EFFECT", {"effect": name, **request.config})
        return effect_recipe(name, request.config)

    async def _planning(self, text: bytes, inputs: dict[str, str], params: dict[str, Any], who: Principal) -> Planning:
        recipe = await self._book.parse(text)
        faults = _input_faults(recipe, inputs)
        found, facts = {}, {}
        for name, checked in (await self._checked(inputs, who)).items():
            if isinstance(checked, BlobRow):
                found[name] = checked.cid
                if checked.facts:
                    facts[checked.cid] = checked.facts
            else:
                faults.append(Fault(f"inputs.{name}", checked.detail))
        if faults:
            raise InvalidRecipe("; ".join(fault.msg for fault in faults), faults=faults)
        return Planning(cid_of_bytes(text), recipe, found, bind_params(recipe, params), facts)

    async def _checked(self, inputs: dict[str, str], who: Principal) -> dict[str, BlobRow | InvalidRequest | NotFound]:
        """By name the entry of each input, with its CID as this node writes it, or what is wrong with it."""
        written: dict[str, str] = {}
        wrong: dict[str, InvalidRequest | NotFound] = {}
        for name, cid in inputs.items():
            try:
                written[name] = str(parse_cid(cid))
            except InvalidRequest as error:
                wrong[name] = InvalidRequest(f"input {name}: {error.detail}")
        there = await self._database.blobs.entries(written.values(), who.sees)
        for name, cid in written.items():
            if cid not in there:
                wrong[name] = NotFound(
                    f"input {name}: no blob {inputs[name]} here; upload it first (POST /cache/upload)"
                )
        return {name: wrong.get(name) or there[written[name]] for name in inputs}


def _input_faults(recipe: Recipe, inputs: dict[str, str]) -> list[Fault]:
    faults = []
    for name, declared in recipe.inputs.items():
        if declared.required and name not in inputs:
            faults.append(Fault(f"inputs.{name}", f"input {name} ({declared.type}) is missing"))
    for name in inputs:
        if name not in recipe.inputs:
            faults.append(Fault(f"inputs.{name}", unknown("input", name, recipe.inputs)))
    return faults
