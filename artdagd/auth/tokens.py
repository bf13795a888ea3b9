"""Bearer tokens: 256 random bits each, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import socket
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from artdagd.auth.principal import Principal
from artdagd.auth.terms import Term
from artdagd.database import Database
from artdagd.database.clock import now, rfc3339
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError, Conflict, NotFound, Unauthorized
from artdagd.hooks import kept_secret
from artdagd.hooks.web import Scope

log = logging.getLogger(__name__)

PREFIX = "artdag_"
ADMIN = "admin"
LONGEST = 256
ID = 16
"""Characters of its hash that name a token: enough to tell it from others, useless to find it by."""

MOST = 1000
"""Tokens that are good and belong to one owner."""

MADE = 10_000
"""Tokens of one owner with those that ended, which are forgotten after ``KEPT``."""

KEPT = timedelta(days=30)

_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{40,{LONGEST - len(PREFIX)}}}", re.ASCII)


def new_token() -> str:
    """A token's text: shown once, stored nowhere by the node but in the admin's own file."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class Held(msgspec.Struct, frozen=True):
    row: TokenRow
    term: Term

    @property
    def good(self) -> bool:
        return not self.row.revoked_at and self.term.remaining > 0


class Tokens:
    """Tokens of this node, kept in memory so that every request is checked. One that another node made is found in the
    database when it is first shown; what another node revoked comes by :meth:`drop`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, Held] = {}

    async def load(self) -> None:
        """Read what is kept. What was revoked here stays so, whatever was read meanwhile."""
        for row in await self._database.tokens.all():
            self._take(row)

    async def purge(self) -> None:
        """Forget tokens that ended long ago. Not the administrator's: an old file must not make one good again."""
        long_ago = rfc3339(datetime.now(UTC) - KEPT)
        await self._database.tokens.purge(long_ago, ADMIN)
        for hash_, held in list(self._held.items()):
            ends = [end for end in (held.row.expires_at, held.row.revoked_at) if end]
            if held.row.owner != ADMIN and any(end < long_ago for end in ends):
                del self._held[hash_]

    async def authenticate(self, text: str) -> Principal:
        """Who holds this token. Raises Unauthorized for one that is unknown, expired or revoked.

        The look-up is by hash: how long it takes says nothing about the text.
        """
        hash_ = token_hash(text) if len(text) <= LONGEST else ""
        held = self._held.get(hash_)
        if held is None and _TOKEN.fullmatch(text):
            found = await self._database.tokens.get(hash_)
            held = self._take(found) if found else None
        if held is None or not held.good:
            raise Unauthorized("this token is not known here, has expired or was revoked")
        row = held.row
        return Principal(row.owner, row.is_admin, tuple(row.scopes), row.token_hash)  # type: ignore[arg-type]

    def remaining(self, hash_: str) -> float | None:
        """Seconds that a token lasts from now on; None: for ever."""
        held = self._held.get(hash_)
        if held is None or not held.good:
            return 0.0
        return None if held.row.expires_at is None else held.term.remaining

    def is_over(self, hash_: str) -> bool:
        """Whether it is a token of this node that is good no more."""
        held = self._held.get(hash_)
        return held is not None and not held.good

    async def create(
        self, name: str, owner: str, *, is_admin: bool, scopes: tuple[Scope, ...], expires_at: datetime | None
    ) -> tuple[str, TokenRow]:
        """A new token: its text, which is kept nowhere, and its row. Raises Conflict if the owner has too many."""
        own = [held for held in self._held.values() if held.row.owner == owner]
        if sum(held.good for held in own) >= MOST or len(own) >= MADE:
            raise Conflict(f"{owner} has made {len(own)} tokens, the limit", advice="Revoke some; use them longer.")
        text = new_token()
        row = TokenRow(
            token_hash=token_hash(text),
            name=name,
            owner=owner,
            is_admin=is_admin,
            scopes=list(scopes),
            expires_at=rfc3339(expires_at) if expires_at else None,
        )
        # First in memory, where a revocation finds it that comes while the database writes.
        self._take(row)
        try:
            await self._database.tokens.add(row)
        except BaseException:
            self._held.pop(row.token_hash, None)
            raise
        if self._held[row.token_hash].row.revoked_at:
            await self._database.tokens.revoke(row.token_hash)
            raise Unauthorized("what you showed was revoked just now")
        return text, row

    def good(self, owner: str | None) -> list[TokenRow]:
        """The tokens of ``owner`` (None: of everybody) that are good, newest first."""
        found = [held.row for held in self._held.values() if held.good and owner in (None, held.row.owner)]
        return sorted(found, key=lambda row: row.created_at, reverse=True)

    def find(self, token_id: str, owner: str | None) -> TokenRow:
        """By the first characters of its hash. Raises NotFound."""
        for row in self.good(owner):
            if token_id == row.token_hash[:ID]:
                return row
        raise NotFound(f"no token {token_id} here", advice="artdagctl token list shows what there is.")

    def drop(self, hashes: Collection[str], owner: str = "") -> set[str]:
        """Revoke tokens by hash, and all of ``owner``: here, not in the database. Gives the hashes of those that were
        good until now."""
        ended = {
            hash_
            for hash_, held in self._held.items()
            if held.good and (hash_ in hashes or (owner and held.row.owner == owner))
        }
        for hash_ in ended:
            held = self._held[hash_]
            self._held[hash_] = Held(msgspec.structs.replace(held.row, revoked_at=now()), held.term)
        return ended

    def _take(self, row: TokenRow) -> Held:
        known = self._held.get(row.token_hash)
        if known is None or not known.row.revoked_at:
            self._held[row.token_hash] = Held(row, Term.until(row.expires_at) if known is None else known.term)
        return self._held[row.token_hash]

    async def ensure_admin_token(self, home: Path) -> Path:
        """The file with the admin's token (mode 0600), written on the first start. Raises ConfigError.

        The token that it held before is revoked: to delete the file is the way to a new token.
        """
        await self.load()
        file = home / "admin-token"
        try:
            text = kept_secret(file, lambda: f"{new_token()}\n".encode()).decode(errors="replace").strip()
        except OSError as error:
            raise ConfigError(f"can't use {file}: {error.strerror}") from None
        if not _TOKEN.fullmatch(text):
            raise ConfigError(f"{file} holds no token", advice="Delete the file; the next start writes a new one.")
        # Nodes may share a database: each knows its own token by machine and home.
        name = f"admin token of {socket.gethostname()}:{home}"
        row = TokenRow(token_hash=token_hash(text), name=name, owner=ADMIN, is_admin=True)
        if await self._database.tokens.add(row):
            old = [one.row.token_hash for one in self._held.values() if one.row.name == name and one.row.owner == ADMIN]
            self.drop(await self._database.sessions.revoke(old))
            self._take(row)
        elif self._held[row.token_hash].row.revoked_at:
            raise ConfigError(
                f"the token in {file} was revoked", advice="Delete the file; the next start writes a new one."
            )
        return file
