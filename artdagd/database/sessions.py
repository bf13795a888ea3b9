"""Sessions of browsers, and what opens none any more because it was spent or revoked; both by SHA-256 alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import from_row, insert_new, to_row
from artdagd.database.tables import revocations, sessions

if TYPE_CHECKING:
    from artdagd.database.engine import Database


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """``ticket_hash`` is the token that it rests on and ends with, ``scopes`` empty means all that the user may do."""

    session_hash: str
    ticket_hash: str | None
    user: str
    is_admin: bool = False
    scopes: list[str] = []
    created_at: str = msgspec.field(default_factory=now)
    expires_at: str


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: SessionRow, once: str | None = None) -> bool:
        """False, and no session, if ``once`` (the hash of what may open one session) was spent or revoked before."""
        spent = [{"hash": once, "revoked_at": now()}] if once else []

        async def work(connection: AsyncConnection) -> bool:
            if spent and await insert_new(connection, revocations, spent) == 0:
                return False
            return await insert_new(connection, sessions, [to_row(msgspec.structs.asdict(row), sessions)]) == 1

        return await self._database.write(work)

    async def all(self) -> list[SessionRow]:
        async def work(connection: AsyncConnection) -> list[SessionRow]:
            found = await connection.execute(select(sessions).order_by(sessions.c.created_at))
            return [from_row(SessionRow, row) for row in found.mappings()]

        return await self._database.read(work)

    async def end(self, session_hash: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(sessions).where(sessions.c.session_hash == session_hash))

        await self._database.write(work)

    async def revoke(self, hashes: list[str]) -> None:
        """Note ``hashes`` (of tickets or sessions) as revoked, and end the sessions that they stand for."""
        rows = [{"hash": one, "revoked_at": now()} for one in hashes]

        async def work(connection: AsyncConnection) -> None:
            await insert_new(connection, revocations, rows)
            for one in hashes:
                where = or_(sessions.c.session_hash == one, sessions.c.ticket_hash == one)
                await connection.execute(delete(sessions).where(where))

        if hashes:
            await self._database.write(work)

    async def revoked(self) -> set[str]:
        async def work(connection: AsyncConnection) -> set[str]:
            return set((await connection.execute(select(revocations.c.hash))).scalars())

        return await self._database.read(work)

    async def purge(self, *, expired_before: str, revoked_before: str) -> None:
        """Forget sessions that expired and revocations that are older than any token."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(sessions).where(sessions.c.expires_at < expired_before))
            await connection.execute(delete(revocations).where(revocations.c.revoked_at < revoked_before))

        await self._database.write(work)
