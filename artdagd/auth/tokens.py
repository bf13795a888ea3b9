"""Bearer tokens: 256 random bits each, known to the node only by their SHA-256."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import socket
import tempfile
from pathlib import Path

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.clock import now
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError, Unauthorized

log = logging.getLogger(__name__)

PREFIX = "artdag_"
ADMIN = "admin"
LONGEST = 256

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
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            raise Unauthorized("this token is not known here, has expired or was revoked")
        return Principal(row.owner, row.is_admin, tuple(row.scopes))

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
