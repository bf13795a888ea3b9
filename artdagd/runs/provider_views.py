"""What is asked of storage providers, and what is told of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\A[^\x00-\x1f]*\Z")]
Capacity = Annotated[int, msgspec.Meta(ge=0, le=1 << 60)]


class ProviderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new provider: ``config`` as the type's own schema says (``GET /storage/type/{type}``). No more is sent there
    than ``capacity_bytes``. One ``for_node`` keeps copies of everything; else it keeps those of what its owner has.
    Absent, it is true for administrators, who alone may say so, and false for others."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Name
    config: dict[str, Any] = {}
    capacity_bytes: Capacity | None = None
    for_node: bool | None = None


class ProviderChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What changes; a field, and a field of ``config``, that is absent stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    config: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    capacity_bytes: Capacity | msgspec.UnsetType | None = msgspec.UNSET


class Tested(msgspec.Struct, frozen=True):
    """Whether a blob could be saved, found, read back and deleted, and how many milliseconds that took."""

    ok: bool
    detail: str
    latency_ms: float


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider. ``secrets`` names the fields that are set and never shown; ``error`` says why it is not in use;
    ``tested`` is how the last test since the node's start went. ``for_node``: it keeps copies of everything, else of
    what its owner has; uploads wait for one that is ``synchronous``.

    It has ``blobs`` of ``bytes`` altogether, is ``owed`` copies (or deletions), of which ``failing`` failed and are
    tried again; ``last_error`` says how. ``circuit`` is ``open`` while it is left alone after failures in a row, and
    ``trying`` before the next call.
    """

    provider_id: str
    type: str
    name: str
    owner: str
    config: dict[str, Any]
    secrets: list[str]
    capacity_bytes: int | None
    created_at: str
    error: str | None
    for_node: bool = True
    synchronous: bool = False
    blobs: int = 0
    bytes: int = 0
    owed: int = 0
    failing: int = 0
    last_error: str | None = None
    circuit: Literal["closed", "open", "trying"] = "closed"
    tested: Tested | None = None


class TypeView(msgspec.Struct, frozen=True):
    """A kind of storage: ``schema`` is the JSON Schema of its config; fields that are ``writeOnly`` are secrets.
    ``for_users``: everybody may add such a provider, else administrators alone."""

    type: str
    description: str
    schema: dict[str, Any]
    for_users: bool = False
