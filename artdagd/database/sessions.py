"""Sessions of browsers, and the end of what opens or is one: spent or revoked; all by SHA-256 alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database.clock import now
from artdagd.database.rows import batches, from_row, insert_new, to_row
from artdagd.database.tables import revocations, sessions, tokens

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

    async def get(self, session_hash: str) -> SessionRow | None:
        async def work(connection: AsyncConnection) -> SessionRow | None:
            query = select(sessions).where(sessions.c.session_hash == session_hash)
            row = (await connection.execute(query)).mappings().first()
            return from_row(SessionRow, row) if row else None

        return await self._database.read(work)

    async def revoke(self, hashes: Iterable[str], user: str = "", *, ahead: bool = True) -> set[str]:
        """Revoke tokens and sessions by hash, and all of ``user``, with the sessions that rest on them.

        Gives the hashes of those that were good until now. All are noted as revoked; ``ahead`` notes those of
        ``hashes``, too, that are not known yet.
        """
        moment = now()

        async def work(connection: AsyncConnection) -> set[str]:
            ended: set[str] = set()
            # First: a session that is being opened meanwhile with one of them is either there now, or will not be.
            if ahead:
                await _note(connection, hashes, moment)
            for batch in [[], *batches(hashes)]:
                ended |= await _end_tokens(connection, batch, user, moment)
            for batch in [[], *batches([*hashes, *ended])]:
                ended |= await _end_sessions(connection, batch, user, moment)
            await _note(connection, ended, moment)
            return ended

        hashes = list(dict.fromkeys(hashes))
        return await self._database.write(work) if hashes or user else set()

    async def revoked(self, since: str = "") -> set[str]:
        """Hashes that were spent or revoked at ``since`` or later."""

        async def work(connection: AsyncConnection) -> set[str]:
            query = select(revocations.c.hash).where(revocations.c.revoked_at >= since)
            return set((await connection.execute(query)).scalars())

        return await self._database.read(work)

    async def purge(self, *, expired_before: str, revoked_before: str) -> None:
        """Forget sessions that expired and revocations that are older than any token."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(sessions).where(sessions.c.expires_at < expired_before))
            await connection.execute(delete(revocations).where(revocations.c.revoked_at < revoked_before))

        await self._database.write(work)


async def _note(connection: AsyncConnection, hashes: Iterable[str], moment: str) -> None:
    await insert_new(connection, revocations, [{"hash": one, "revoked_at": moment} for one in hashes])


async def _end_tokens(connection: AsyncConnection, hashes: list[str], user: str, moment: str) -> set[str]:
    which = or_(tokens.c.token_hash.in_(hashes), tokens.c.owner == user)
    good = and_(tokens.c.revoked_at.is_(None), or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > moment))
    ended = set((await connection.execute(select(tokens.c.token_hash).where(which, good))).scalars())
    await connection.execute(update(tokens).where(which, tokens.c.revoked_at.is_(None)).values(revoked_at=moment))
    return ended


async def _end_sessions(connection: AsyncConnection, hashes: list[str], user: str, moment: str) -> set[str]:
    which = or_(
        sessions.c.session_hash.in_(hashes),
        sessions.c.ticket_hash.in_(hashes),
        sessions.c.user == user,
    )
    query = select(sessions.c.session_hash).where(which, sessions.c.expires_at > moment)
    ended = set((await connection.execute(query)).scalars())
    await connection.execute(delete(sessions).where(which))
    return ended
