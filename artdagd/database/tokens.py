"""Tokens, as SHA-256 hashes: the text of a token is nowhere in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new, to_row
from artdagd.database.tables import tokens

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """``scopes`` empty means all; ``expires_at`` None means never."""

    token_hash: str
    name: str
    owner: str
    is_admin: bool = False
    scopes: list[str] = []
    created_at: str = msgspec.field(default_factory=now)
    expires_at: str | None = None
    revoked_at: str | None = None


class TokenTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: TokenRow) -> bool:
        """False if the hash is known already."""

        async def work(connection: AsyncConnection) -> bool:
            return await insert_new(connection, tokens, [to_row(msgspec.structs.asdict(row), tokens)]) == 1

        return await self._database.write(work)

    async def all(self) -> list[TokenRow]:
        async def work(connection: AsyncConnection) -> list[TokenRow]:
            query = select(tokens).order_by(tokens.c.created_at, tokens.c.token_hash)
            return [from_row(TokenRow, row) for row in (await connection.execute(query)).mappings()]

        return await self._database.read(work)

    async def get(self, token_hash: str) -> TokenRow | None:
        async def work(connection: AsyncConnection) -> TokenRow | None:
            query = select(tokens).where(tokens.c.token_hash == token_hash)
            row = (await connection.execute(query)).mappings().first()
            return from_row(TokenRow, row) if row else None

        return await self._database.read(work)

    async def purge(self, before: str, kept: str) -> None:
        """Forget tokens that ended ``before`` (RFC 3339), but not those of the owner ``kept``."""

        async def work(connection: AsyncConnection) -> None:
            over = or_(tokens.c.expires_at < before, tokens.c.revoked_at < before)
            await connection.execute(delete(tokens).where(over, tokens.c.owner != kept))

        await self._database.write(work)

    async def revoke(self, token_hash: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(update(tokens).where(tokens.c.token_hash == token_hash).values(revoked_at=now()))

        await self._database.write(work)
