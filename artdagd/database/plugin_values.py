"""What plugins keep: JSON by key, changed several at a time and only if nothing has changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.rows import batches, upsert
from artdagd.database.tables import plugin_values

if TYPE_CHECKING:
    from artdagd.database.engine import Database

KEY = plugin_values.c.key


class PluginValues:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, plugin: str, key: str) -> Any | None:
        async def work(connection: AsyncConnection) -> Any | None:
            return (await _found(connection, plugin, [key])).get(key)

        return await self._database.read(work)

    async def items(self, plugin: str, prefix: str, after: str, limit: int, newest: bool) -> list[tuple[str, Any]]:
        """In the order of code points of their keys, or the other way round if ``newest``."""

        async def work(connection: AsyncConnection) -> list[tuple[str, Any]]:
            key = _by_code_point(connection)
            query = select(KEY, plugin_values.c.value_json).where(
                plugin_values.c.plugin == plugin, KEY.startswith(prefix, autoescape=True)
            )
            if after:
                query = query.where(key < after if newest else key > after)
            rows = await connection.execute(query.order_by(key.desc() if newest else key).limit(limit))
            return [(row.key, msgspec.json.decode(row.value_json)) for row in rows]

        return await self._database.read(work)

    async def count(self, plugin: str, prefix: str) -> int:
        async def work(connection: AsyncConnection) -> int:
            where = (plugin_values.c.plugin == plugin, KEY.startswith(prefix, autoescape=True))
            query = select(func.count()).select_from(plugin_values).where(*where)
            return int((await connection.execute(query)).scalar_one())

        return await self._database.read(work)

    async def write(self, plugin: str, changes: Mapping[str, Any], expect: Mapping[str, Any]) -> bool:
        """Set values, or delete those that are None: all, or none (False) if ``expect`` is not so (None: absent)."""

        async def work(connection: AsyncConnection) -> bool:
            if expect:
                found = await _found(connection, plugin, list(expect), to_change=True)
                if any(found.get(key) != value for key, value in expect.items()):
                    return False
            gone = [key for key, value in changes.items() if value is None]
            for batch in batches(gone):
                await connection.execute(delete(plugin_values).where(plugin_values.c.plugin == plugin, KEY.in_(batch)))
            rows = [
                {"plugin": plugin, "key": key, "value_json": msgspec.json.encode(value).decode()}
                for key, value in changes.items()
                if value is not None
            ]
            if rows:
                await upsert(connection, plugin_values, rows)
            return True

        return await self._database.write(work)


async def _found(
    connection: AsyncConnection, plugin: str, keys: list[str], *, to_change: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for batch in batches(keys):
        query = select(KEY, plugin_values.c.value_json).where(plugin_values.c.plugin == plugin, KEY.in_(batch))
        query = query.with_for_update() if to_change else query
        found |= {row.key: msgspec.json.decode(row.value_json) for row in await connection.execute(query)}
    return found


def _by_code_point(connection: AsyncConnection) -> ColumnElement[str]:
    """PostgreSQL sorts text by its locale otherwise."""
    return KEY.collate("C") if connection.dialect.name == "postgresql" else KEY.collate("BINARY")
