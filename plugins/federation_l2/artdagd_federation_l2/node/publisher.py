"""Publishing works: object, activity and messages in one write, so that all are queued or none."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from artdagd.hooks import Delivery, NodeAccess, Published, PublishRefused, Work
from artdagd_federation_l2.node import documents
from artdagd_federation_l2.node.deliveries import Deliveries
from artdagd_federation_l2.node.followers import Followers
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.node.publications import PAGE, PROVENANCE, WORK, Publication, Publications, listing, next_key
from artdagd_federation_l2.node.queue import ACTIVITY, DONE, QUEUE, QUEUED_MAX, Message, queued, read, rows
from artdagd_federation_l2.settings import FederationSettings

log = logging.getLogger(__name__)

TRIES = 8
"""How often a publication is tried that another one of the same work overtakes."""

VALUE_MAX = 1_000_000
"""Bytes of a document or a record of provenance, as JSON; a longer record is left out."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class OutboxPublisher:
    """Publishes to the registry and to the followers of the node's actor."""

    def __init__(self, node: NodeAccess, own: Own, followers: Followers, deliveries: Deliveries) -> None:
        self._settings: FederationSettings = node.settings
        self._state = node.state
        self._own = own
        self._followers = followers
        self._deliveries = deliveries
        self._publications = Publications(node.state)

    @property
    def label(self) -> str:
        return self._settings.domain

    async def publish(self, work: Work) -> Published:
        """As :class:`artdagd.hooks.Publisher`. Activities are numbered: the same ones have the same ids."""
        self._check(work)
        work = _fitting(work)
        for _ in range(TRIES):
            earlier, row = await self._publications.of(work.name)
            key = earlier.key if earlier and not earlier.deleted else next_key(work.name, earlier)
            told = documents.work_object(self._own.addresses, key, work)
            digest = hashlib.sha256(msgspec.json.encode([told, work.provenance_cid], order="deterministic")).hexdigest()
            if earlier and not earlier.deleted and earlier.digest == digest:
                return await self._published(work.name, earlier)
            found, changes, messages = await self._changes(work, earlier, key, told, digest)
            if await self._state.write(changes, expect={f"{WORK}{work.name}": row}):
                self._deliveries.add(messages)
                return await self._published(work.name, found)
        raise PublishRefused("this work is being published by others at the same time: try again")

    async def withdraw(self, work_name: str) -> None:
        for _ in range(TRIES):
            earlier, row = await self._publications.of(work_name)
            if earlier is None or earlier.deleted:
                return
            now = _now()
            number = earlier.number + 1
            tail = f"{work_name}.{number}"
            gone = documents.tombstone(self._own.addresses, earlier.key, earlier.object["type"], now)
            told = documents.activity(self._own.addresses, tail, "Delete", gone, now)
            # Also who does not follow any more may have the work.
            targets = [one.target for one in await self._messages(work_name)] + await self._targets()
            messages = queued(work_name, number, tail, targets)
            changes = await self._superseded(work_name, range(earlier.created, number)) | rows(messages)
            listed = listing(int(time.time() * 1000), tail)
            left = msgspec.structs.replace(
                earlier, number=number, object=gone, digest="", deleted=now, listed=(listed,)
            )
            changes |= dict.fromkeys(earlier.listed) | {f"{PROVENANCE}{work_name}": None, f"{PAGE}{work_name}": None}
            changes |= {f"{ACTIVITY}{tail}": told, listed: tail, f"{WORK}{work_name}": msgspec.to_builtins(left)}
            if await self._state.write(changes, expect={f"{WORK}{work_name}": row}):
                self._deliveries.add(messages)
                return
        raise PublishRefused("this work is being published at the same time: try again")

    async def deliveries(self, work_name: str) -> Sequence[Delivery]:
        found = sorted(await self._messages(work_name), key=lambda one: (one.number, one.target))
        return [one.delivery(self._own.addresses.activity(one.activity)) for one in found]

    def _check(self, work: Work) -> None:
        if not _NAME.fullmatch(work.name):
            raise PublishRefused(f"the work's name does not fit an address: {work.name[:80]!r}")
        if not work.owner.startswith("@") or not work.owner.endswith(f"@{self._settings.domain}"):
            raise PublishRefused(
                f"{work.owner} is no person of {self._settings.domain}, and so can't publish there: sign in through it"
            )

    async def _changes(
        self, work: Work, earlier: Publication | None, key: str, told: dict[str, Any], digest: str
    ) -> tuple[Publication, dict[str, Any], list[Message]]:
        """A ``Create``, or an ``Update`` if the object is out there. Raises PublishRefused if there is no room."""
        now, number = _now(), earlier.number + 1 if earlier else 1
        tail = f"{work.name}.{number}"
        listed = listing(int(time.time() * 1000), tail)
        messages = queued(work.name, number, tail, await self._targets())
        if await self._state.count(QUEUE) + len(messages) > QUEUED_MAX:
            raise PublishRefused(f"more than {QUEUED_MAX} messages wait to be sent: try again when some have been")
        changes = rows(messages)
        if earlier and not earlier.deleted:
            # An earlier Update says nothing that this one does not; the Create has to come first everywhere.
            changes = await self._superseded(work.name, range(earlier.created + 1, number)) | changes
            changes |= dict.fromkeys(earlier.listed[1:])
            published, created, listings = earlier.published, earlier.created, (*earlier.listed[:1], listed)
            whole, kind = {**told, "published": published, "updated": now}, "Update"
        else:
            published, created, listings = now, number, (listed,)
            whole, kind = {**told, "published": now}, "Create"
            if earlier:
                changes = await self._superseded(work.name, range(number)) | changes | dict.fromkeys(earlier.listed)
        found = Publication(
            key=key, digest=digest, object=whole, number=number, created=created, published=published,
            page_url=work.page_url, listed=listings,
        )  # fmt: skip
        changes |= {
            f"{WORK}{work.name}": msgspec.to_builtins(found),
            f"{PROVENANCE}{work.name}": work.provenance,
            f"{ACTIVITY}{tail}": documents.activity(self._own.addresses, tail, kind, whole, now),
            listed: tail,
        }
        return found, changes, messages

    async def _superseded(self, name: str, numbers: range) -> dict[str, Any]:
        """What to write, so that nothing is left of the activities with these numbers."""
        changes: dict[str, Any] = {f"{ACTIVITY}{name}.{number}": None for number in {*numbers[:1], *numbers[-1:]}}
        for prefix in (QUEUE, DONE):
            async for key, one in read(self._state, f"{prefix}{name}/"):
                if one.number in numbers:
                    changes |= {key: None, f"{ACTIVITY}{one.activity}": None}
        return changes

    async def _messages(self, name: str) -> list[Message]:
        return [one for prefix in (DONE, QUEUE) async for _, one in read(self._state, f"{prefix}{name}/")]

    async def _targets(self) -> list[str]:
        return [f"{self._settings.server}/inbox", *await self._followers.inboxes()]

    async def _published(self, name: str, found: Publication) -> Published:
        addresses = self._own.addresses
        page = await self._publications.page(name)
        return Published(
            addresses.activity(f"{name}.{found.created}"), addresses.object(found.key), page or found.page_url
        )


def _fitting(work: Work) -> Work:
    """Without a record of provenance that is too long to be kept."""
    if work.provenance is None or len(msgspec.json.encode(work.provenance)) <= VALUE_MAX:
        return work
    log.warning("the provenance of %s is longer than %d bytes and not published", work.cid, VALUE_MAX)
    return msgspec.structs.replace(work, provenance=None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
