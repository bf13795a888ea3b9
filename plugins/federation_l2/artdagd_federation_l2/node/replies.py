"""What the registry answers, believed only where every field is as it has to be."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec

from artdagd.hooks import Identity
from artdagd_federation_l2.settings import FederationSettings

LONGEST = 30 * 86400.0
"""Seconds that a session may last."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
"""A person's name at the registry."""

SCOPES: tuple[Literal["read", "write", "publish"], ...] = ("read", "write", "publish")

Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Kind = TypeVar("Kind")

Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class NotBelieved(Exception):
    """The answer is not one that a registry of this contract gives; the text says what is wrong with it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``/auth/verify``."""

    active: bool
    username: str = ""
    domain: str = ""
    actor: str = ""
    audience: str = ""
    state: str | None = None
    scopes: tuple[str, ...] = ()
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Revocation(msgspec.Struct, frozen=True):
    """One that the registry made: of a token by its SHA-256, or of all that a person has."""

    seq: Number
    revoked_at: Annotated[datetime, msgspec.Meta(tz=True)]
    token_hash: Hash | None = None
    username: str | None = None


class Revocations(msgspec.Struct, frozen=True):
    """The answer of ``/auth/revocations``; ``next`` is what to ask for then."""

    items: list[Revocation]
    next: Number


def revocations(body: bytes) -> Revocations:
    """Raises NotBelieved."""
    return _decoded(body, Revocations)


def identity(body: bytes, settings: FederationSettings, audience: str, state: str | None) -> Identity | None:
    """Whom the registry vouches for; None if for nobody. Raises NotBelieved.

    All three scopes are the same as none here: all that the person may do on this node.
    """
    verdict = _decoded(body, Verdict)
    if not verdict.active:
        return None
    if not NAME.fullmatch(verdict.username):
        raise NotBelieved("username is no name of a person")
    expected = {
        "domain": settings.domain,
        "actor": f"{settings.server}/users/{verdict.username}",
        "audience": audience,
        "state": state,
    }
    for field, value in expected.items():
        if getattr(verdict, field) != value:
            raise NotBelieved(f"{field} is another than was asked for")
    if not verdict.scopes or not set(verdict.scopes) <= set(SCOPES):
        raise NotBelieved(f"scopes are not some of {', '.join(SCOPES)}")
    scopes = tuple(scope for scope in SCOPES if scope in verdict.scopes)
    return Identity(
        name=f"@{verdict.username}@{settings.domain}",
        expires_at=_end(verdict.expires_at),
        scopes=() if scopes == SCOPES else scopes,
    )


def _end(expires_at: datetime | None) -> float:
    try:
        end = expires_at.timestamp() if expires_at else float("nan")
    except (OverflowError, ValueError):
        end = float("nan")
    # What is not a number is neither greater nor less.
    if not 0 < end - time.time() <= LONGEST:
        raise NotBelieved("expires_at is past, or farther than 30 days")
    return end


def _decoded(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotBelieved("it is not JSON as the contract has it") from None
