"""Signed requests for the tests: keys, a clock that stands, and what a server would make of our headers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

import msgspec
from artdagd_federation_l2.signatures import (
    PublicKey,
    Replays,
    Request,
    Scheme,
    SignatureRefused,
    Signed,
    SigningKey,
    signed_headers,
    verified,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

NOW = 1_790_000_000.0
AUTHORITY = "node.example"
URL = f"https://{AUTHORITY}/inbox?page=1&of=%C3%A9"
BODY = b'{"type": "Create", "id": "https://peer.example/activities/1"}'
KEY_ID = "https://peer.example/actor#main-key"


@cache
def rsa_key(name: str = "peer") -> SigningKey:
    """One RSA key of 2048 bits per name, as they take long to make."""
    return SigningKey(f"https://{name}.example/actor#main-key", generate_private_key(65537, 2048))


@cache
def ed25519_key() -> SigningKey:
    return SigningKey("https://peer.example/actor#ed25519-key", Ed25519PrivateKey.generate())


def arrived(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """What a server sees of a request that was sent to ``url``."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme = "http" if parts.scheme == "http" else "https"
    return Request(method, target, tuple(headers.items()), body, scheme)


def signed(
    scheme: Scheme,
    method: str = "POST",
    url: str = URL,
    body: bytes = BODY,
    key: SigningKey | None = None,
    at: float = NOW,
) -> Request:
    """A request that we signed."""
    return arrived(method, url, signed_headers(method, url, body, key or rsa_key(), scheme=scheme, now=at), body)


def replaced(request: Request, **changes: object) -> Request:
    return msgspec.structs.replace(request, **changes)


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with another value in a header that it has, or with one more."""
    lines = [(key, value if key == name else old) for key, old in request.headers]
    if name not in dict(lines):
        lines.append((name, value))
    return replaced(request, headers=tuple(lines))


async def accept(
    request: Request, *keys: SigningKey, now: float = NOW, replay: Replays | None = None, authority: str = AUTHORITY
) -> Signed:
    """``verified`` with these keys known, or else the usual one."""
    known = {key.key_id: key.private.public_key() for key in keys or (rsa_key(), ed25519_key())}

    async def find(key_id: str) -> PublicKey:
        if key_id not in known:
            raise SignatureRefused("no such key")
        return known[key_id]

    return await verified(request, find, now=now, replay=Replays() if replay is None else replay, authority=authority)
