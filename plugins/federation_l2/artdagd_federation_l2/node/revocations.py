"""Asking the registry for revocations that it could not tell while one of the two was away."""

from __future__ import annotations

import asyncio
import logging
import time

from artdagd.hooks import NodeAccess, OutboundAnswer, OutboundFailed, OutboundRefused
from artdagd_federation_l2.node.identity import RegistryIdentity
from artdagd_federation_l2.node.replies import NotBelieved, Revocations, revocations
from artdagd_federation_l2.node.sending import Sender, retry_after
from artdagd_federation_l2.node.signins import SignIns

log = logging.getLogger(__name__)

EVERY = 4.0
"""Seconds from one question to the next, and for one answer. It is no longer while the registry is away: a token that
was revoked meanwhile has to be refused 5 seconds after it is back. Only one that asks for a pause (429) gets it."""

LONGEST_PAUSE = 60
PAGES = 100
"""Full pages that are asked for at once."""

SINCE = "revocations-since"


class RevocationPull:
    """Goes on while there may be sessions of the registry's people."""

    def __init__(self, node: NodeAccess, sender: Sender, identity: RegistryIdentity, sign_ins: SignIns) -> None:
        self._node = node
        self._sender = sender
        self._identity = identity
        self._sign_ins = sign_ins
        self._away = False

    async def run(self) -> None:
        """Until it is cancelled. What goes wrong is logged, once until it is well again."""
        while True:
            await self._sign_ins.wait()
            began = time.monotonic()
            pause = EVERY
            try:
                pause = await self._pulled()
                self._say(None)
            except (OutboundFailed, OutboundRefused, NotBelieved) as error:
                self._say(str(error))
            except Exception:
                log.exception("asking for revocations failed")
            await asyncio.sleep(max(0.0, began + pause - time.monotonic()))

    async def _pulled(self) -> float:
        """Revoke what is new; the seconds until the next question."""
        kept = await self._node.state.get(SINCE)
        since = kept if isinstance(kept, int) else 0
        for _ in range(PAGES):
            address = f"{self._node.settings.server}/auth/revocations?since={since}"
            answer = await self._sender.send("GET", address, seconds=EVERY, first="rfc9421")
            if answer.status == 429:
                return min(retry_after(answer.headers, 4), LONGEST_PAUSE)
            found = _read(answer)
            await self._revoke(found)
            if found.next != since:
                await self._node.state.write({SINCE: found.next})
            if not found.items or found.next <= since:
                break
            since = found.next
        return EVERY

    async def _revoke(self, found: Revocations) -> None:
        hashes = tuple(one.token_hash for one in found.items if one.token_hash)
        if hashes:
            await self._node.revoke(token_hashes=hashes)
        for one in found.items:
            name = self._identity.owns(one.username) if one.username else None
            if name is None:
                continue
            # Who has signed in anew since keeps that session: the registry knew of their sign-out when it vouched.
            earlier = await self._sign_ins.before(name, one.revoked_at.timestamp())
            if earlier is None:
                await self._node.revoke(user=name)
            elif earlier:
                await self._node.revoke(token_hashes=earlier)

    def _say(self, trouble: str | None) -> None:
        if trouble and not self._away:
            log.warning("revocations can't be asked for, sessions go on: %s", trouble)
        elif self._away and not trouble:
            log.info("revocations are asked for again")
        self._away = trouble is not None


def _read(answer: OutboundAnswer) -> Revocations:
    if answer.status != 200:
        raise NotBelieved(f"the registry answers {answer.status}")
    return revocations(answer.body)
