"""The actors of the nodes that the registry knows: their keys, kept for a while, and what they are called."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Annotated

import msgspec

from artdagd.hooks import Outbound, OutboundFailed, OutboundRefused
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.renderers import Renderer, Renderers
from artdagd_federation_l2.signatures import PublicKey, SignatureRefused, public_key

KEPT = 3600.0
"""Seconds that a key is used without asking again."""

ANEW = 60.0
"""Seconds that a key is used at least, so that forged requests can't make us press a node."""

PAUSE = 5.0
"""Seconds between two questions to a node that does not answer with a key."""

SECONDS = 5.0

log = logging.getLogger("artdag.registry")

Text = Annotated[str, msgspec.Meta(max_length=16_384)]


class ActorKey(msgspec.Struct, frozen=True):
    """A ``publicKey`` of the security vocabulary."""

    id: Text
    owner: Text
    pem: Text = msgspec.field(name="publicKeyPem")


class ActorDocument(msgspec.Struct, frozen=True):
    """What of an actor matters here."""

    id: Text
    key: ActorKey = msgspec.field(name="publicKey")
    name: str = ""
    preferred: str = msgspec.field(name="preferredUsername", default="")


class Peers:
    """Asks only nodes that are registered, at their one address, without following redirects."""

    def __init__(self, outbound: Outbound, renderers: Renderers) -> None:
        self._outbound = outbound
        self._renderers = renderers
        self._keys: dict[str, tuple[float, PublicKey]] = {}
        self._asked: dict[str, float] = {}
        self.anew, self.pause = ANEW, PAUSE
        self._locks: dict[str, asyncio.Lock] = {}

    async def key(self, renderer: Renderer, *, anew: bool = False) -> PublicKey:
        """The key of a node's actor; ``anew`` if the one that is kept has proved wrong. Raises SignatureRefused for an
        actor that is not as docs/federation.md has it, and Refused (503) if the node can't be asked now."""
        async with self._locks.setdefault(renderer.url, asyncio.Lock()):
            now = time.monotonic()
            kept = self._keys.get(renderer.url)
            if kept and now - kept[0] < (self.anew if anew else KEPT):
                return kept[1]
            if now - self._asked.get(renderer.url, -self.pause) < self.pause:
                raise _later(renderer)
            self._asked[renderer.url] = now
            return await self._ask(renderer)

    async def _ask(self, renderer: Renderer) -> PublicKey:
        try:
            answer = await self._outbound.request(
                "GET", renderer.actor, headers={"Accept": "application/activity+json"}, seconds=SECONDS
            )
        except (OutboundFailed, OutboundRefused) as error:
            # Whoever asks has proved nothing yet, and is told nothing of our network.
            log.warning("the key of %s can't be had: %s", renderer.url, error)
            raise _later(renderer) from None
        if answer.status >= 500 or answer.status == 429:
            raise _later(renderer)
        if answer.status != 200:
            raise SignatureRefused(f"{renderer.actor} answers {answer.status} and not with an actor")
        try:
            actor = msgspec.json.decode(answer.body, type=ActorDocument)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise SignatureRefused(f"{renderer.actor} is no actor with a publicKey") from None
        if (actor.id, actor.key.id, actor.key.owner) != (renderer.actor, f"{renderer.actor}#main-key", renderer.actor):
            raise SignatureRefused(f"{renderer.actor} gives the id or key of another actor")
        key = public_key(actor.key.pem)
        self._keys[renderer.url] = time.monotonic(), key
        if called := actor.name or actor.preferred:
            await self._renderers.note_name(renderer.url, called)
        return key


def _later(renderer: Renderer) -> Refused:
    return Refused(503, f"{renderer.url} does not tell its key now", retry_after=int(PAUSE))
