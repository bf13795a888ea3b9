"""Recipes as their owners keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import and_, case, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new, matching, owned
from artdagd.database.tables import recipes

if TYPE_CHECKING:
    from artdagd.database.engine import Database

LISTED = 64 << 10
"""Characters of the longest text that a page of recipes shows."""


WORDS = 20
"""Words of a search that count."""


class RecipeRow(msgspec.Struct, frozen=True, kw_only=True):
    recipe_id: str
    owner: str
    name: str
    version: str
    description: str
    yaml: str
    created_at: str = msgspec.field(default_factory=now)


class Recipes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recipe_id: str, owner: str, name: str, version: str, description: str, yaml: str) -> bool:
        """Keep a recipe; False if this owner has it already."""
        row = RecipeRow(
            recipe_id=recipe_id, owner=owner, name=name, version=version, description=description, yaml=yaml
        )

        async def work(connection: AsyncConnection) -> bool:
            return await insert_new(connection, recipes, [msgspec.structs.asdict(row)]) == 1

        return await self._database.write(work)

    async def get(self, name: str, owner: str | None) -> RecipeRow | None:
        """By id, or the newest with that name."""
        where = or_(recipes.c.recipe_id == name, recipes.c.name == name)

        async def work(connection: AsyncConnection) -> RecipeRow | None:
            query = select(recipes).where(where, owned(recipes, owner)).order_by(recipes.c.seq.desc()).limit(1)
            row = (await connection.execute(query)).mappings().first()
            return from_row(RecipeRow, row) if row else None

        return await self._database.read(work)

    async def present(self, recipe_ids: set[str], owner: str | None) -> set[str]:
        """Those of ``recipe_ids``, a few, that ``owner`` has."""

        async def work(connection: AsyncConnection) -> set[str]:
            query = select(recipes.c.recipe_id).where(recipes.c.recipe_id.in_(recipe_ids), owned(recipes, owner))
            return set((await connection.execute(query)).scalars())

        return await self._database.read(work) if recipe_ids else set()

    async def names(self, owner: str | None) -> list[str]:
        """The names there are, for a suggestion: a thousand at most."""

        async def work(connection: AsyncConnection) -> list[str]:
            query = select(recipes.c.name).where(owned(recipes, owner)).distinct().limit(1000)
            return list((await connection.execute(query)).scalars())

        return await self._database.read(work)

    async def page(
        self, owner: str | None, number: int, limit: int, query: str | None = None
    ) -> tuple[list[RecipeRow], int]:
        """A page, newest first, and how many there are. Every word of ``query`` has to be in the name or the
        description. ``yaml`` is empty where the text is longer than ``LISTED``."""
        where = and_(owned(recipes, owner), matching(query, WORDS, recipes.c.name, recipes.c.description))
        short = case((func.length(recipes.c.yaml) > LISTED, ""), else_=recipes.c.yaml).label("yaml")
        columns = [short if column.name == "yaml" else column for column in recipes.c]

        async def work(connection: AsyncConnection) -> tuple[list[RecipeRow], int]:
            count = select(func.count()).select_from(recipes).where(where)
            chosen = select(*columns).where(where).order_by(recipes.c.seq.desc())
            rows = (await connection.execute(chosen.limit(limit).offset((number - 1) * limit))).mappings()
            return [from_row(RecipeRow, row) for row in rows], (await connection.execute(count)).scalar_one()

        return await self._database.read(work)

    async def delete(self, recipe_id: str, owner: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            where = (recipes.c.recipe_id == recipe_id, recipes.c.owner == owner)
            await connection.execute(delete(recipes).where(*where))

        await self._database.write(work)
