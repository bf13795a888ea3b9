"""Digests of a body: ``Digest`` (RFC 3230, as the fediverse writes it) and ``Content-Digest`` (RFC 9530)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import http_sf

from artdagd_federation_l2.signatures.refusals import SignatureRefused

_HASHES: dict[str, Callable[[bytes], Any]] = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def digest(body: bytes) -> str:
    """The value of ``Digest``: ``SHA-256=`` and base64."""
    return f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"


def content_digest(body: bytes) -> str:
    """The value of ``Content-Digest``: ``sha-256=:`` base64 ``:``."""
    return http_sf.ser({"sha-256": hashlib.sha256(body).digest()})


def check_digest(value: str, body: bytes) -> None:
    """Raises SignatureRefused unless ``Digest`` names SHA-256 or SHA-512, and each that it names is the body's."""
    named: dict[str, bytes] = {}
    for part in value.split(","):
        name, _, text = part.strip(" \t").partition("=")
        if name.lower() in named:
            raise SignatureRefused(f"Digest names {name} twice")
        named[name.lower()] = _bytes(text) if name.lower() in _HASHES else b""
    _compare("Digest", named, body)


def check_content_digest(value: str, body: bytes) -> None:
    """The same of ``Content-Digest``, as RFC 9530 writes it. Raises SignatureRefused."""
    named: dict[str, bytes] = {}
    for name, (member, _) in dictionary("Content-Digest", value).items():
        if not isinstance(member, bytes):
            raise SignatureRefused(f"Content-Digest: {name} is no byte sequence")
        named[name] = member
    _compare("Content-Digest", named, body)


def dictionary(field: str, value: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    """A structured field (RFC 9651) as {name: (value, parameters)}. Raises SignatureRefused, also for a double name."""

    def twice(name: str, _: str) -> None:
        raise SignatureRefused(f"{field} has {name} twice")

    try:
        parsed = http_sf.parse(value.encode("ascii"), tltype="dictionary", on_duplicate_key=twice)
    except (ValueError, TypeError):
        raise SignatureRefused(f"{field} is no dictionary of structured fields") from None
    assert isinstance(parsed, dict)
    return parsed  # type: ignore[return-value]  # the parser gives pairs; its type also names what a writer may give


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SignatureRefused("Digest is not base64") from None


def _compare(field: str, named: dict[str, bytes], body: bytes) -> None:
    known = [name for name in named if name in _HASHES]
    if not known:
        raise SignatureRefused(f"{field} names neither SHA-256 nor SHA-512")
    for name in known:
        if not hmac.compare_digest(named[name], _HASHES[name](body).digest()):
            raise SignatureRefused(f"{field} is not that of the body")
