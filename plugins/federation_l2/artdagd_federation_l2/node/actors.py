"""Actors of other servers: their documents, read strictly, and the keys in them."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import TypeVar

import msgspec

from artdagd.hooks import OutboundFailed, OutboundRefused
from artdagd_federation_l2.node.addresses import origin
from artdagd_federation_l2.node.pace import Pace
from artdagd_federation_l2.node.sending import ACTIVITY, Sender
from artdagd_federation_l2.signatures import PublicKey, SignatureRefused, public_key

log = logging.getLogger(__name__)

KEPT = 1_000
"""Actors that are remembered, for ``FRESH`` seconds."""

FRESH = 3_600.0
AGAIN = 60.0
"""Seconds until an actor is fetched again that could not be, or whose key did not fit."""

FETCHES = 120
"""Documents that are fetched in a minute, ``FETCHES_OF_ONE`` of them from one server."""

FETCHES_OF_ONE = 30
KEYS_MAX = 16
SECONDS = 5.0

Kind = TypeVar("Kind")

_ACCEPT = f'{ACTIVITY}, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


class ActorGone(SignatureRefused):
    """The actor's own server says that there is none, or none any more (404, 410)."""


class Actor(msgspec.Struct, frozen=True):
    """An actor of another server, all of whose addresses are at one origin. ``keys`` are in PEM, by their ids."""

    id: str
    keys: dict[str, str]
    inbox: str
    shared_inbox: str | None
    preferred_username: str


class _Key(msgspec.Struct, frozen=True):
    id: str
    owner: str
    publicKeyPem: str


class _Endpoints(msgspec.Struct, frozen=True):
    sharedInbox: str | None = None


class _Document(msgspec.Struct, frozen=True):
    id: str
    inbox: str = ""
    owner: str = ""
    publicKey: _Key | list[_Key] = msgspec.field(default_factory=list)
    endpoints: _Endpoints | None = None
    preferredUsername: str = ""


def actor(document: bytes, address: str) -> Actor:
    """The actor whose document ``address`` gave. Raises SignatureRefused if it is none, or names another server."""
    found = _decoded(document)
    if found.id != address:
        raise SignatureRefused("the actor's document has another id than its address")
    home = origin(found.id)
    keys = found.publicKey if isinstance(found.publicKey, list) else [found.publicKey]
    if not home or not keys or len(keys) > KEYS_MAX:
        raise SignatureRefused(f"the actor's document holds no key, or more than {KEYS_MAX}")
    # A key elsewhere, or another's, would let that one speak for this actor.
    if any(key.owner != found.id or origin(key.id) != home for key in keys):
        raise SignatureRefused("a key in the actor's document is not its own")
    shared = found.endpoints.sharedInbox if found.endpoints else None
    if any(origin(inbox) != home for inbox in (found.inbox, shared or found.inbox)):
        raise SignatureRefused("the actor's inbox is at another origin than the actor")
    pems = {key.id: key.publicKeyPem for key in keys}
    return Actor(found.id, pems, found.inbox, shared, found.preferredUsername[:255])


class Actors:
    """Fetches actors by their keys' ids, and remembers them."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._kept: OrderedDict[str, tuple[float, Actor | SignatureRefused]] = OrderedDict()
        self._pace = Pace(FETCHES)
        self._pace_of_one = Pace(FETCHES_OF_ONE, KEPT)

    async def of_key(self, key_id: str, *, fresh: bool = False) -> tuple[Actor, PublicKey]:
        """Who has the key ``key_id``, and the key. ``fresh`` fetches anew what is older than a minute.

        Raises SignatureRefused, ActorGone if its server says so, and TooOften.
        """
        if not origin(key_id):
            raise SignatureRefused("the key's id is no http(s) address")
        address = key_id.partition("#")[0]
        found = await self.at(address, fresh=fresh)
        if key_id not in found.keys:
            found = await self.at(address, fresh=True)
        if key_id not in found.keys:
            raise SignatureRefused("the actor has no such key")
        return found, public_key(found.keys[key_id])

    async def at(self, address: str, *, fresh: bool = False) -> Actor:
        """The actor at ``address``, or the one who owns the key document there. Raises as :meth:`of_key`."""
        when, kept = self._kept.get(address, (float("-inf"), None))
        age = time.monotonic() - when
        if kept is None or age > (AGAIN if fresh or isinstance(kept, SignatureRefused) else FRESH):
            kept = await self._fetched(address)
            self._kept[address] = (time.monotonic(), kept)
            self._kept.move_to_end(address)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if isinstance(kept, SignatureRefused):
            raise kept
        return kept

    async def _fetched(self, address: str) -> Actor | SignatureRefused:
        try:
            document = await self._get(address)
            owner = _decoded(document).owner
            if not owner:
                return actor(document, address)
            # A key with a document of its own: its owner has to list it.
            if origin(owner) != origin(address) or owner == address:
                return SignatureRefused("the key's owner is at another origin than the key")
            return actor(await self._get(owner), owner)
        except SignatureRefused as refusal:
            return refusal

    async def _get(self, address: str) -> bytes:
        self._pace_of_one.step(origin(address))
        self._pace.step()
        try:
            answer = await self._sender.send("GET", address, takes=_ACCEPT, seconds=SECONDS)
        except (OutboundFailed, OutboundRefused, ValueError) as error:
            # Told in full it would say which names and servers there are in the node's own network.
            log.info("an actor can't be fetched: %s", error)
            raise SignatureRefused("the actor can't be fetched") from None
        if answer.status in (404, 410):
            raise ActorGone(f"the actor's server answers {answer.status}")
        if answer.status != 200:
            raise SignatureRefused(f"the actor can't be fetched: its server answers {answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        # Else a server that keeps files for its users would let each of them be any actor of its.
        if kind not in (ACTIVITY, "application/ld+json"):
            raise SignatureRefused("the actor's document is not application/activity+json")
        return answer.body


def _decoded(document: bytes) -> _Document:
    return decoded(document, _Document, "the actor's document")


def decoded(text: bytes, kind: type[Kind], name: str) -> Kind:
    """``text`` as strict JSON of that ``kind``. Raises SignatureRefused, also for what is nested without end."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise SignatureRefused(f"{name} is not JSON as it has to be") from None
