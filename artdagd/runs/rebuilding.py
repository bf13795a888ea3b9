"""The state as far as the blobs tell of it: completed runs by their provenance, results, recipes, media."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from artdagd.cid import CID, DAG_JSON
from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.database.runs import RunRow, StepRow
from artdagd.delivery import FORMATS
from artdagd.errors import ArtdagError, BlobCorrupt, InvalidRecipe
from artdagd.plans.document import MAX_PLAN_BYTES, plan_from_bytes
from artdagd.plans.model import Plan
from artdagd.recipes.parse import parse_recipe
from artdagd.runs.recipes import effect_recipe
from artdagd.runs.sniff import beginning, media_type_of
from artdagd.steps.catalogue import Catalogue
from artdagd.store import BlobStore
from artdagd.work import Kind

Tell = Callable[[int], None]
"""Told how many files have been looked at."""


class Named(msgspec.Struct, frozen=True):
    name: str
    cid: str


class Record(msgspec.Struct, frozen=True):
    """What is used of a provenance record; see docs/formats.md."""

    task_id: str
    rendered_at: str
    rendered_by: str
    output: Named
    inputs: list[Named]
    recipe: Named
    plan: str
    params: dict[str, Any]
    steps: list[dict[str, Any]]
    libraries: dict[str, str] = {}


class Rebuilt(msgspec.Struct):
    """Counts of what was found. ``media`` have an owner again, by a run; ``unclaimed`` became the administrator's.
    ``damaged`` no longer hashed to their names, and were put in quarantine."""

    files: int = 0
    runs: int = 0
    recipes: int = 0
    results: int = 0
    media: int = 0
    unclaimed: int = 0
    incomplete: int = 0
    damaged: list[str] = []


class Rebuilding:
    """Adds to a database what it lacks; what it has stays as it is, so that this may be done again."""

    def __init__(self, store: BlobStore, database: Database, catalogue: Catalogue, owner: str) -> None:
        self._store = store
        self._database = database
        self._catalogue = catalogue
        self._owner = owner
        self._spoken_for: set[str] = set()
        self._done = Rebuilt()

    async def run(self, tell: Tell) -> Rebuilt:
        """Verify every file of the store, then restore what provenance tells, oldest first, then the rest."""
        records: list[tuple[str, str]] = []
        media: list[str] = []
        async for cid in self._store.cids():
            try:
                path = await self._store.path(cid)
            except BlobCorrupt:
                self._done.damaged.append(cid)
                continue
            self._done.files += 1
            tell(self._done.files)
            if CID.parse(cid).codec != DAG_JSON:
                media.append(cid)
            elif path.parent.parent.name == "blobs" and (found := await self._record(cid)):
                records.append((found.rendered_at, cid))
                self._spoken_for.add(cid)
        for _, cid in sorted(records):
            record = await self._record(cid)
            assert record is not None
            await self._restore(record, cid)
        for cid in media:
            if cid not in self._spoken_for:
                await self._index(cid, self._owner, None)
                self._done.unclaimed += 1
        return self._done

    async def _record(self, cid: str) -> Record | None:
        try:
            return msgspec.convert(await self._store.read_value(cid), Record)
        except (msgspec.ValidationError, ArtdagError, ValueError):
            return None

    async def _restore(self, record: Record, cid: str) -> None:
        """A run, its steps, their results, its recipe, and its media as its owner's."""
        made = await self._plan(record.plan)
        self._done.incomplete += made is None
        effect = await self._recipe(record)
        row = RunRow(
            run_id=record.task_id,
            owner=record.rendered_by,
            status="completed",
            recipe_id=None if effect else record.recipe.cid,
            recipe_name=None if effect else record.recipe.name,
            effect=effect[0] if effect else None,
            inputs={one.name: one.cid for one in record.inputs},
            params={"config": effect[1]} if effect else record.params,
            plan_id=record.plan,
            output_cid=record.output.cid,
            provenance_cid=cid,
            created_at=record.rendered_at,
            finished_at=record.rendered_at,
        )
        outputs = {one["step_id"]: one.get("output_cid") for one in record.steps}
        if await self._database.runs.insert(row):
            self._done.runs += 1
            if made:
                await self._database.runs.put_steps(record.task_id, _steps(record, made, outputs))
        if made:
            await self._results(record, made, outputs)
        for name, one in [*((None, item.cid) for item in record.inputs), (_file(record, made), record.output.cid)]:
            if self._store.has(one):
                self._done.media += await self._index(one, record.rendered_by, name)

    async def _plan(self, plan_id: str) -> Plan | None:
        try:
            path = await self._store.path(plan_id)
            if path.stat().st_size <= MAX_PLAN_BYTES:
                return plan_from_bytes(await asyncio.to_thread(path.read_bytes))
        except ArtdagError:
            pass
        return None

    async def _recipe(self, record: Record) -> tuple[str, dict[str, Any]] | None:
        """Keep the run's recipe as its owner's. If the run named an effect instead: its name and config."""
        self._spoken_for.add(record.recipe.cid)
        if not self._store.has(record.recipe.cid):
            return None
        text = await asyncio.to_thread((await self._store.path(record.recipe.cid)).read_bytes)
        if effect := _effect(text):
            return effect
        name, version, description = record.recipe.name, "", ""
        try:
            recipe = parse_recipe(text, self._catalogue)
            name, version, description = recipe.name, recipe.version, recipe.description
        except InvalidRecipe:
            pass  # a plugin is gone: the text is kept all the same
        owner = record.rendered_by
        new = await self._database.recipes.add(record.recipe.cid, owner, name, version, description, text.decode())
        self._done.recipes += new
        return None

    async def _results(self, record: Record, made: Plan, outputs: dict[str, str | None]) -> None:
        rows = []
        for step in made.steps:
            cid = made.analyses.get(step.step_id) or outputs.get(step.step_id)
            if cid is None or not self._store.has(cid):
                continue
            self._spoken_for.add(cid)
            analysis = step.step_id in made.analyses
            rows.append(
                ActionRow(
                    cache_id=step.cache_id,
                    output_cid=cid,
                    kind="analysis" if analysis else "render",
                    identity="" if analysis else step.identity,
                    libraries=record.libraries,
                    created_at=record.rendered_at,
                )
            )
        await self._database.actions.put(rows)
        self._done.results += len(rows)

    async def _index(self, cid: str, owner: str, filename: str | None) -> bool:
        """Make a blob an entry of ``owner``'s. Whether it was none."""
        self._spoken_for.add(cid)
        if await self._database.blobs.entry(cid, owner):
            return False
        path = await self._store.path(cid)
        head, size = await asyncio.to_thread(beginning, path)
        media_type = media_type_of(head, filename)
        kind = _kind(media_type)
        await self._database.blobs.record(cid, size, media_type=media_type, filename=filename, owner=owner, kind=kind)
        return True


def _steps(record: Record, made: Plan, outputs: dict[str, str | None]) -> list[StepRow]:
    stored = {item.pass_id for item in made.passes}
    rows = []
    for position, step in enumerate(made.steps):
        cid = made.analyses.get(step.step_id) or outputs.get(step.step_id)
        rows.append(
            StepRow(
                run_id=record.task_id,
                step_id=step.step_id,
                position=position,
                type=step.type,
                level=step.level,
                status="completed" if cid or step.cache_id in stored else "fused",
                cache_id=step.cache_id,
                pass_id=step.pass_id,
                output_cid=cid,
                finished_at=record.rendered_at,
            )
        )
    return rows


def _effect(text: bytes) -> tuple[str, dict[str, Any]] | None:
    """The effect and its config, if ``text`` is the recipe that stands for them."""
    try:
        config = msgspec.json.decode(text)["steps"][0]["config"]
        name = str(config.pop("effect"))
        return (name, config) if text == effect_recipe(name, config) else None
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):
        return None


def _file(record: Record, made: Plan | None) -> str | None:
    """The name that the output had."""
    delivery = made.delivery if made else None
    if made is None or delivery is None or delivery.format not in FORMATS:
        return None
    return made.file_name(record.output.cid, delivery)


def _kind(media_type: str) -> Kind:
    """A guess, until a worker looks at the blob."""
    first = media_type.partition("/")[0]
    return "image" if first == "image" else "video" if first == "video" else "audio" if first == "audio" else "other"
