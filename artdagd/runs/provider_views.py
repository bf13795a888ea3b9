"""What is asked of storage providers, and what is told of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\A[^\x00-\x1f]*\Z")]
Capacity = Annotated[int, msgspec.Meta(ge=0, le=1 << 60)]


class ProviderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new provider: ``config`` as the type's own schema says (``GET /storage/type/{type}``). ``capacity_bytes`` is
    for people to read: the node does not count what a provider keeps."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Name
    config: dict[str, Any] = {}
    capacity_bytes: Capacity | None = None


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
    ``tested`` is how the last test since the node's start went."""

    provider_id: str
    type: str
    name: str
    owner: str
    config: dict[str, Any]
    secrets: list[str]
    capacity_bytes: int | None
    created_at: str
    error: str | None
    tested: Tested | None = None


class TypeView(msgspec.Struct, frozen=True):
    """A kind of storage: ``schema`` is the JSON Schema of its config; fields that are ``writeOnly`` are secrets."""

    type: str
    description: str
    schema: dict[str, Any]
