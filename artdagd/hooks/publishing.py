"""Publishing finished works: what a publisher is given, and how far it got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A blob that its owner wants to publish. ``raw_url`` and ``page_url`` are open to everybody while it is published.

    ``name`` is unique for (``cid``, ``owner``) on this node and fit for an address. ``duration`` is seconds, ``size``
    in bytes. ``provenance`` is the record of the run that made the blob; None for one that was brought.
    """

    name: str
    cid: str
    owner: str
    kind: Literal["video", "audio", "image", "data", "other"]
    media_type: str
    size: int
    raw_url: str
    page_url: str
    filename: str | None = None
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    provenance_cid: str | None = None
    provenance: Mapping[str, Any] | None = None
    gateway: str = ""


class Published(msgspec.Struct, frozen=True):
    """Addresses of a publication: of the activity, of the object, and of a page for people."""

    activity_id: str
    object_id: str
    url: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How far one message to one place got. ``next_at`` is RFC 3339 UTC; ``error`` is what went wrong last."""

    activity: str
    target: str
    state: Literal["queued", "delivered", "failed"]
    attempts: int = 0
    next_at: str | None = None
    error: str | None = None


class PublishRefused(Exception):
    """This work can't be published; the message says why and what to do."""


class Publisher(Protocol):
    """A place where works are published. A node has one at most."""

    @property
    def label(self) -> str:
        """What to call it on a page: ``example.org``."""

    async def publish(self, work: Work) -> Published:
        """Publish ``work``: queued durably when this returns. Publishing again gives the same addresses and sends
        nothing twice, unless what is told of the work has changed. Raises PublishRefused."""

    async def withdraw(self, work_name: str) -> None:
        """Take a publication back: queued durably when this returns. No error if there is none."""

    async def deliveries(self, work_name: str) -> Sequence[Delivery]:
        """The messages about a work, oldest first."""
