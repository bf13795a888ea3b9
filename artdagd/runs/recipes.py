"""The recipes that users keep on the node. A recipe's id is the CID of its text."""

from __future__ import annotations

from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.cid import cid_of_bytes
from artdagd.database import Database
from artdagd.database.recipes import RecipeRow
from artdagd.database.runs import RunRow
from artdagd.errors import InvalidRecipe, NotFound
from artdagd.recipes.model import Recipe
from artdagd.recipes.parse import parse_recipe
from artdagd.runs.aside import aside
from artdagd.runs.views import Checked, LastRun, Page, RecipeView
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.suggest import nearest, quote


class RecipeBook:
    """Upload, look up, list and delete recipes."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def upload(self, text: bytes, who: Principal) -> tuple[RecipeView, bool]:
        """Keep a recipe; the flag tells whether it is new. Raises InvalidRecipe with line and column."""
        recipe = await self.parse(text)
        created = await self._database.recipes.add(
            cid_of_bytes(text), who.name, recipe.name, recipe.version, recipe.description, text.decode()
        )
        return await self.get(cid_of_bytes(text), who), created

    async def get(self, name: str, who: Principal) -> RecipeView:
        """By id, or the newest of a name. Raises NotFound."""
        row = await self._row(name, who)
        ran = await self._database.runs.newest(who.sees, [row.recipe_id])
        return await aside(self._view, row, ran.get(row.recipe_id))

    async def list(self, who: Principal, page: int = 1, limit: int = 20, q: str | None = None) -> Page[RecipeView]:
        """Newest first. Of a text over 64 KiB only the name, version and description are shown."""
        rows, total = await self._database.recipes.page(who.sees, page, limit, q)
        ran = await self._database.runs.newest(who.sees, [row.recipe_id for row in rows])
        # One by one: reading a hundred texts takes seconds, and others have their turn between.
        items = [await aside(self._view, row, ran.get(row.recipe_id)) for row in rows]
        return Page(items, page, limit, total, page * limit < total)

    async def delete(self, name: str, who: Principal) -> None:
        row = await self._row(name, who)
        await self._database.recipes.delete(row.recipe_id, row.owner)

    async def check(self, text: bytes) -> Checked:
        """What is wrong with a recipe's text; keeps nothing."""
        try:
            recipe = await self.parse(text)
        except InvalidRecipe as error:
            return Checked(False, list(error.faults))
        return Checked(True, [], *_declared(recipe))

    async def read(self, text: bytes) -> RecipeView:
        """A recipe that is not kept. Raises InvalidRecipe with line and column."""
        recipe = await self.parse(text)
        row = RecipeRow(
            recipe_id=cid_of_bytes(text), owner="", name=recipe.name, version=recipe.version,
            description=recipe.description, yaml=text.decode(), created_at="",
        )  # fmt: skip
        return await aside(self._view, row)

    async def parse(self, text: bytes) -> Recipe:
        """Raises InvalidRecipe with line and column."""
        return await aside(parse_recipe, text, self._catalogue)

    async def _row(self, name: str, who: Principal) -> RecipeRow:
        row = await self._database.recipes.get(name, who.sees)
        if row is None:
            near = nearest(name, await self._database.recipes.names(who.sees))
            hint = f"; did you mean {near!r}?" if near else ""
            raise NotFound(f"no recipe {quote(name)} here{hint}", advice="artdagctl recipes list shows what there is.")
        return row

    def _view(self, row: RecipeRow, ran: RunRow | None = None) -> RecipeView:
        # A recipe whose plugin was removed stays visible, and can be deleted.
        try:
            recipe = parse_recipe(row.yaml.encode(), self._catalogue)
            inputs, params = _declared(recipe)
            steps, output = msgspec.to_builtins(recipe.steps), recipe.output
            delivery = {k: v for k, v in msgspec.structs.asdict(recipe.delivery).items() if v is not None}
        except InvalidRecipe:
            inputs, params, steps, output, delivery = {}, {}, [], "", {}
        return RecipeView(
            recipe_id=row.recipe_id,
            cid=row.recipe_id,
            name=row.name,
            version=row.version,
            description=row.description,
            inputs=inputs,
            params=params,
            steps=list(steps),
            output=output,
            delivery=delivery,
            yaml=row.yaml,
            created_at=row.created_at,
            last_run=LastRun(ran.run_id, ran.status, ran.created_at, ran.output_cid) if ran else None,
        )


def _declared(recipe: Recipe) -> tuple[dict[str, Any], dict[str, Any]]:
    return msgspec.to_builtins(recipe.inputs), msgspec.to_builtins(recipe.params)


def effect_recipe(effect: str, config: dict[str, Any]) -> bytes:
    """The recipe that effect mode stands for: one input, one EFFECT step."""
    step = {"id": "effect", "type": "EFFECT", "inputs": ["input"], "config": {"effect": effect, **config}}
    body = {
        "name": f"effect-{effect}",
        "version": "1",
        "inputs": {"input": {"type": "video"}},
        "steps": [step],
        "output": "effect",
    }
    return msgspec.json.encode(body)
