"""Tickets: the right of a worker without the node's folder to one transfer of one lease, over HTTP.

The daemon makes a key for each lease and sends it over the worker's encrypted socket. A ticket is an HMAC-SHA-256
(RFC 2104) under that key of what it is for: reading one CID, or writing bytes of one SHA-256 and length. So whoever
overhears one may fetch what he has overheard anyway, and can have no other bytes taken for the result. The key is in
the memory of the two processes alone, and worth nothing when the lease is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

SCHEME = "Artdag-Ticket"
"""Of the ``Authorization`` header."""

_HEADER = re.compile(rf"{SCHEME} (?P<fence>[0-9]{{1,19}})\.(?P<proof>[A-Za-z0-9_-]{{43}})", re.ASCII)


def new_key() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def to_read(key: str, fence: int, cid: str) -> str:
    """The header's value for fetching ``cid``."""
    return _header(key, fence, f"read {cid}")


def to_write(key: str, fence: int, sha256: str, size: int) -> str:
    """The header's value for sending a result of ``size`` bytes with this SHA-256 (hex)."""
    return _header(key, fence, f"write {sha256} {size}")


def fence_of(header: str) -> int | None:
    """The lease that a header is for; None if it is no ticket."""
    match = _HEADER.fullmatch(header)
    return int(match["fence"]) if match else None


def same(one: str, other: str) -> bool:
    """Whether two headers are equal, in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))


def digest_header(sha256: str) -> str:
    """``Content-Digest`` (RFC 9530) of a SHA-256 in hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def digest_of(header: str) -> str:
    """The SHA-256, in hex, of what :func:`digest_header` wrote; empty for all else."""
    try:
        data = base64.b64decode(header.removeprefix("sha-256=:").removesuffix(":"), validate=True)
    except ValueError:
        return ""
    return data.hex() if len(data) == 32 and digest_header(data.hex()) == header else ""


def _header(key: str, fence: int, what: str) -> str:
    proof = hmac.digest(key.encode(), f"{fence} {what}".encode(), hashlib.sha256)
    return f"{SCHEME} {fence}.{base64.urlsafe_b64encode(proof).decode().rstrip('=')}"
