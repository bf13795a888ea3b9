"""Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key that is kept beside the database, and never in it."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from artdagd.errors import ConfigError
from artdagd.hooks import kept_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """Seals texts under the key in ``file`` (mode 0600), which is made when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def seal(self, text: str, about: str) -> str:
        """``text`` as base64 that :meth:`open` reads for the same ``about``. Raises ConfigError if there is no key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher().encrypt(nonce, text.encode(), about.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, about: str) -> str:
        """What was sealed. Raises ConfigError if the key is another, or the text was changed."""
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.b64decode(sealed, validate=True)
            return str(self._cipher().decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], about.encode()).decode())
        except (InvalidTag, ValueError):
            raise ConfigError(
                f"a secret of {about} can't be read with the key in {self._file}",
                advice="Restore the key that belongs to this database, or set the secret anew.",
            ) from None

    def _cipher(self) -> AESGCM:
        # Imported when there is a secret: a node without one is smaller.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key())

    def _key(self) -> bytes:
        try:
            key = kept_secret(self._file, lambda: secrets.token_bytes(KEY_BYTES))
        except OSError as error:
            raise ConfigError(f"can't use the key in {self._file}: {error.strerror}") from None
        if len(key) != KEY_BYTES:
            raise ConfigError(f"{self._file} holds no key", advice="Restore it from a backup.")
        return key
