"""Bearer tokens: 256 random bits each, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.clock import now
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError, Unauthorized

PREFIX = "artdag_"
ADMIN = "admin"
LONGEST = 256


def new_token() -> str:
    """A token's text: shown once, stored nowhere by the node but in the admin's own file."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            raise Unauthorized("this token is not known here, has expired or was revoked")
        return Principal(row.owner, row.is_admin, tuple(row.scopes))

    async def ensure_admin_token(self, home: Path) -> Path:
        """The file with the admin's token (mode 0600), written on the first start. Raises ConfigError."""
        await self.load()
        file = home / "admin-token"
        try:
            text = file.read_text().strip() if file.exists() else _write_secret(file, new_token())
        except OSError as error:
            raise ConfigError(f"can't use {file}: {error.strerror}") from None
        if not text.startswith(PREFIX) or len(text) < len(PREFIX) + 40:
            raise ConfigError(f"{file} holds no token", advice="Delete the file; the next start writes a new one.")
        row = TokenRow(token_hash=token_hash(text), name="admin token of this node", owner=ADMIN, is_admin=True)
        if await self._database.tokens.add(row):
            await self.load()
        return file


def _write_secret(file: Path, text: str) -> str:
    """Write a file that only its owner reads, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".admin-token-")
    with os.fdopen(descriptor, "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    Path(name).replace(file)
    return text
