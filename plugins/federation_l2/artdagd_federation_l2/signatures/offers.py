"""A signature as a request offers it, read but not yet believed."""

from __future__ import annotations

from typing import Literal

import msgspec

KEY_ID_MAX = 2_048
SIGNATURE_MAX = 1_024
COVERED_MAX = 32

Scheme = Literal["cavage", "rfc9421"]


class Offer(msgspec.Struct, frozen=True):
    """``covers``: ``@method``, ``@target``, ``@authority`` and the names of header fields, whichever scheme says so.

    ``algorithms`` are those of :mod:`.algorithms` that the request's own words leave open. ``base`` are the bytes that
    were signed. ``created`` and ``expires`` (Unix seconds) count only if they were signed; else they are None.
    """

    scheme: Scheme
    key_id: str
    algorithms: tuple[str, ...]
    covers: frozenset[str]
    base: bytes
    signature: bytes
    created: int | None = None
    expires: int | None = None
