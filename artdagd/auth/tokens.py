"""Bearer tokens: 256 random bits each, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import socket
import tempfile
import time
from datetime import datetime
from pathlib import Path

import msgspec

from artdagd.auth.principal import Principal, Scope
from artdagd.database import Database
from artdagd.database.clock import now, rfc3339
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError, Conflict, NotFound, Unauthorized

log = logging.getLogger(__name__)

PREFIX = "artdag_"
ADMIN = "admin"
LONGEST = 256
ID = 16
"""Characters of its hash that name a token: enough to tell it from others, useless to find it by."""

MOST = 1000
"""Tokens that are good and belong to one owner."""

_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{40,{LONGEST - len(PREFIX)}}}", re.ASCII)


def new_token() -> str:
    """A token's text: shown once, stored nowhere by the node but in the admin's own file."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class Tokens:
    """Tokens of this node, kept in memory in step with the database, so that every request is checked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: dict[str, TokenRow] = {}

    async def load(self) -> None:
        self._rows = {row.token_hash: row for row in await self._database.tokens.all()}

    async def authenticate(self, text: str) -> Principal:
        """Who holds this token. Raises Unauthorized for one that is unknown, expired or revoked.

        The look-up is by hash: how long it takes says nothing about the text.
        """
        row = self._rows.get(token_hash(text)) if len(text) <= LONGEST else None
        if row is None or not _good(row):
            raise Unauthorized("this token is not known here, has expired or was revoked")
        return Principal(row.owner, row.is_admin, tuple(row.scopes), row.token_hash)  # type: ignore[arg-type]

    def remaining(self, hash_: str) -> float | None:
        """Seconds that a token lasts from now on; None: for ever."""
        row = self._rows.get(hash_)
        if row is None or not _good(row):
            return 0.0
        if row.expires_at is None:
            return None
        return max(0.0, datetime.fromisoformat(row.expires_at).timestamp() - time.time())

    async def create(
        self, name: str, owner: str, *, is_admin: bool, scopes: tuple[Scope, ...], expires_at: datetime | None
    ) -> tuple[str, TokenRow]:
        """A new token: its text, which is kept nowhere, and its row. Raises Conflict if the owner has too many."""
        if len(self.good(owner)) >= MOST:
            raise Conflict(f"{owner} has {MOST} tokens, the limit", advice="Revoke some.")
        text = new_token()
        row = TokenRow(
            token_hash=token_hash(text),
            name=name,
            owner=owner,
            is_admin=is_admin,
            scopes=list(scopes),
            expires_at=rfc3339(expires_at) if expires_at else None,
        )
        await self._database.tokens.add(row)
        self._rows[row.token_hash] = row
        return text, row

    def good(self, owner: str | None) -> list[TokenRow]:
        """The tokens of ``owner`` (None: of everybody) that are good, newest first."""
        found = [row for row in self._rows.values() if _good(row) and owner in (None, row.owner)]
        return sorted(found, key=lambda row: row.created_at, reverse=True)

    def find(self, token_id: str, owner: str | None) -> TokenRow:
        """By the first characters of its hash. Raises NotFound."""
        for row in self.good(owner):
            if token_id == row.token_hash[:ID]:
                return row
        raise NotFound(f"no token {token_id} here", advice="artdagctl token list shows what there is.")

    async def revoke(self, hashes: tuple[str, ...], owner: str = "") -> list[str]:
        """Revoke tokens by hash, and all of ``owner``; the hashes of those that were good until now."""
        ended = [
            row.token_hash
            for row in self._rows.values()
            if _good(row) and (row.token_hash in hashes or (owner and row.owner == owner))
        ]
        for hash_ in ended:
            self._rows[hash_] = msgspec.structs.replace(self._rows[hash_], revoked_at=now())
        for hash_ in ended:
            await self._database.tokens.revoke(hash_)
        return ended

    async def ensure_admin_token(self, home: Path) -> Path:
        """The file with the admin's token (mode 0600), written on the first start. Raises ConfigError.

        The token that it held before is revoked: to delete the file is the way to a new token.
        """
        await self.load()
        file = home / "admin-token"
        try:
            text = _read_secret(file) if file.exists() else _write_secret(file, new_token())
        except OSError as error:
            raise ConfigError(f"can't use {file}: {error.strerror}") from None
        if not _TOKEN.fullmatch(text):
            raise ConfigError(f"{file} holds no token", advice="Delete the file; the next start writes a new one.")
        # Nodes may share a database: each knows its own token by machine and home.
        name = f"admin token of {socket.gethostname()}:{home}"
        row = TokenRow(token_hash=token_hash(text), name=name, owner=ADMIN, is_admin=True)
        if await self._database.tokens.add(row):
            for old in self._rows.values():
                if old.name == name and not old.revoked_at:
                    await self._database.tokens.revoke(old.token_hash)
            await self.load()
        elif self._rows[row.token_hash].revoked_at:
            raise ConfigError(
                f"the token in {file} was revoked", advice="Delete the file; the next start writes a new one."
            )
        return file


def _good(row: TokenRow) -> bool:
    return not row.revoked_at and not (row.expires_at and row.expires_at <= now())


def _read_secret(file: Path) -> str:
    if file.stat().st_mode & 0o077:
        log.warning("%s could be read by others; its mode is 0600 now", file)
        file.chmod(0o600)
    return file.read_text(errors="replace").strip()


def _write_secret(file: Path, text: str) -> str:
    """Write a file that only its owner reads, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".admin-token-")
    with os.fdopen(descriptor, "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    Path(name).replace(file)
    return text
