"""Passwords, tokens and session cookies: made here, kept by nobody but as what can't be turned back."""

from __future__ import annotations

import hashlib
import hmac
import secrets

COST, BLOCK, LANES = 1 << 15, 8, 3
"""Of scrypt (RFC 7914): 32 MiB and about a third of a second a password, as OWASP's cheat sheet on passwords has it."""

PASSWORD_MIN, PASSWORD_MAX = 10, 200
TEXT_MAX = 128


def hashed(password: str) -> str:
    """``cost:salt:hash``, the latter two in hex. Blocks."""
    salt = secrets.token_bytes(16)
    return f"{COST}:{salt.hex()}:{_scrypt(password, salt, COST).hex()}"


def fits(password: str, kept: str | None) -> bool:
    """Whether ``kept`` is of this password; it takes as long for nobody's (None). Blocks."""
    cost, salt, wanted = (kept or f"{COST}:{'00' * 16}:").split(":")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), int(cost)).hex(), wanted)


def fresh() -> str:
    """256 random bits, for an address or a cookie."""
    return secrets.token_urlsafe(32)


def sha256(text: str) -> str:
    """By what a token or a session is known here."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def proof(cookie: str) -> str:
    """What the forms of our own pages prove themselves with; it tells nothing of the cookie."""
    return hmac.new(cookie.encode(), b"artdag-registry form", hashlib.sha256).hexdigest()


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    data = password.encode(errors="replace")
    return hashlib.scrypt(data, salt=salt, n=cost, r=BLOCK, p=LANES, maxmem=64 << 20, dklen=32)
