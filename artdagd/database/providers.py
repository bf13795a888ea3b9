"""Storage providers as users configured them. What is secret in a config is here as cipher text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new, to_row
from artdagd.database.tables import providers

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets`` is the sealed JSON of the config's secret fields, which ``config`` lacks. ``for_node``: it keeps
    copies of everything, else of what its owner has."""

    provider_id: str
    owner: str
    type: str
    name: str
    config: dict[str, Any] = {}
    secrets: str | None = None
    capacity_bytes: int | None = None
    created_at: str = msgspec.field(default_factory=now)
    for_node: bool = True


class Providers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: ProviderRow) -> bool:
        """False if this owner has a provider of that name."""

        async def work(connection: AsyncConnection) -> bool:
            return await insert_new(connection, providers, [to_row(msgspec.structs.asdict(row), providers)]) == 1

        return await self._database.write(work)

    async def all(self) -> list[ProviderRow]:
        """Newest first."""

        async def work(connection: AsyncConnection) -> list[ProviderRow]:
            found = await connection.execute(select(providers).order_by(providers.c.seq.desc()))
            return [from_row(ProviderRow, row) for row in found.mappings()]

        return await self._database.read(work)

    async def update(self, provider_id: str, **changes: Any) -> None:
        if not changes:
            return

        async def work(connection: AsyncConnection) -> None:
            where = providers.c.provider_id == provider_id
            await connection.execute(update(providers).where(where).values(to_row(changes, providers)))

        await self._database.write(work)

    async def delete(self, provider_id: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(providers).where(providers.c.provider_id == provider_id))

        await self._database.write(work)
