"""What others send to the node's actor: they follow it, follow it no more, or are gone."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from artdagd.hooks import NodeAccess, WebRequest, WebResponse
from artdagd_federation_l2.node import documents
from artdagd_federation_l2.node.actors import Actor, ActorGone, Actors, decoded
from artdagd_federation_l2.node.addresses import ADDRESS_MAX, origin
from artdagd_federation_l2.node.deliveries import Deliveries
from artdagd_federation_l2.node.followers import Follower, Followers, mark
from artdagd_federation_l2.node.incoming import Incoming
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.node.pace import Pace, TooOften
from artdagd_federation_l2.node.queue import ACTIVITY, QUEUE, QUEUED_MAX, queued, rows
from artdagd_federation_l2.signatures import PublicKey, ReplaysFull, SignatureRefused

log = logging.getLogger(__name__)

LIMIT = 256 << 10
"""Bytes of an activity."""

POSTS = 600
"""Activities in a minute, ``POSTS_OF_ONE`` of them about actors of one server."""

POSTS_OF_ONE = 120


class _Activity(msgspec.Struct, frozen=True):
    id: str
    type: str
    actor: str | dict[str, Any]
    object: str | dict[str, Any]


class Inbox:
    """Takes signed activities. Those that mean nothing here are taken as well (202), and nothing comes of them."""

    def __init__(
        self,
        node: NodeAccess,
        own: Own,
        actors: Actors,
        incoming: Incoming,
        followers: Followers,
        deliveries: Deliveries,
    ) -> None:
        self._state = node.state
        self._own = own
        self._actors = actors
        self._incoming = incoming
        self._followers = followers
        self._deliveries = deliveries
        self._pace = Pace(POSTS)
        self._pace_of_one = Pace(POSTS_OF_ONE, 1_000)

    async def take(self, request: WebRequest) -> WebResponse:
        try:
            activity = decoded(request.body, _Activity, "the activity")
            sender = _id(activity.actor)
            if not origin(activity.id) or origin(activity.id) != origin(sender):
                raise SignatureRefused("the activity's id and its actor are not at one origin")
        except SignatureRefused as refusal:
            return _problem(400, str(refusal))
        try:
            self._pace_of_one.step(origin(sender))
            self._pace.step()
            actor = await self._sender_of(request, sender)
        except ActorGone as refusal:
            return await self._gone(activity, sender, refusal)
        except (TooOften, ReplaysFull) as error:
            wait = error.retry_after if isinstance(error, TooOften) else 300
            return _problem(429, str(error), wait)
        except SignatureRefused as refusal:
            return _problem(401, refusal.reason)
        return await self._taken(activity, actor)

    async def _sender_of(self, request: WebRequest, sender: str) -> Actor:
        """The actor who signed, who has to be ``sender``. Raises SignatureRefused and TooOften."""

        async def find(key_id: str, fresh: bool) -> PublicKey:
            # Before anything is fetched: who names a key elsewhere could have the node call whom they like.
            if origin(key_id) != origin(sender):
                raise SignatureRefused("the key is at another origin than the actor")
            owner, key = await self._actors.of_key(key_id, fresh=fresh)
            if owner.id != sender:
                raise SignatureRefused("the key is not the actor's")
            return key

        await self._incoming.signed(request, find)
        return await self._actors.at(sender)

    async def _taken(self, activity: _Activity, actor: Actor) -> WebResponse:
        about = _id(activity.object)
        if activity.type == "Follow" and about == self._own.addresses.actor:
            return await self._follow(activity, actor)
        undone = activity.type == "Undo" and await self._is_follow(activity.object, actor)
        if undone or (activity.type == "Delete" and about == actor.id):
            await self._followers.remove(actor.id)
        return WebResponse(status=202)

    async def _follow(self, activity: _Activity, actor: Actor) -> WebResponse:
        known = await self._followers.get(actor.id) is not None
        full = await self._state.count(QUEUE) >= QUEUED_MAX
        if full or not (known or await self._followers.has_room()):
            return _problem(503, "this node takes no more followers now", 3600)
        follower = Follower(actor.id, actor.shared_inbox or actor.inbox, activity.id)
        subject = f"accept-{mark(activity.id)}"
        answer = documents.accept(self._own.addresses, subject, activity.id, actor.id)
        messages = queued(subject, 1, subject, [actor.inbox], kept=False)
        changes = {follower.key: msgspec.to_builtins(follower), f"{ACTIVITY}{subject}": answer, **rows(messages)}
        await self._state.write(changes)
        self._deliveries.add(messages)
        return WebResponse(status=202)

    async def _is_follow(self, undone: str | dict[str, Any], actor: Actor) -> bool:
        """Whether the actor's following is undone: named by its id, or given whole."""
        if isinstance(undone, dict) and undone.get("type") == "Follow":
            by, whom = _id(undone.get("actor")), _id(undone.get("object"))
            return by in ("", actor.id) and whom in ("", self._own.addresses.actor)
        follower = await self._followers.get(actor.id)
        return follower is not None and follower.follow == _id(undone)

    async def _gone(self, activity: _Activity, sender: str, refusal: ActorGone) -> WebResponse:
        """An actor's ``Delete`` can't be checked, as its key went with it; its own server says that it is gone."""
        follower = await self._followers.get(sender)
        if activity.type != "Delete" or _id(activity.object) != sender:
            return _problem(401, refusal.reason)
        if follower is not None:
            log.info("a follower is gone: its server does not know it any more")
            await self._followers.remove(sender)
        return WebResponse(status=202)


def _id(value: Any) -> str:
    """Of an object that is given by its id, or whole."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and len(found) <= ADDRESS_MAX else ""


def _problem(status: int, detail: str, retry_after: int | None = None) -> WebResponse:
    """RFC 9457."""
    return WebResponse(
        status=status,
        body=msgspec.json.encode({"type": "about:blank", "status": status, "detail": detail}),
        media_type="application/problem+json",
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
    )
