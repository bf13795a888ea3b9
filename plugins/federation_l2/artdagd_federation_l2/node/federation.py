"""All of the node's side, put together for one node."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from artdagd.hooks import NodeAccess
from artdagd_federation_l2.node.actors import Actors
from artdagd_federation_l2.node.deliveries import Deliveries
from artdagd_federation_l2.node.followers import Followers
from artdagd_federation_l2.node.identity import RegistryIdentity
from artdagd_federation_l2.node.inbox import Inbox
from artdagd_federation_l2.node.incoming import Incoming
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.node.publisher import OutboxPublisher
from artdagd_federation_l2.node.revocations import RevocationPull
from artdagd_federation_l2.node.routes import Readable, routes
from artdagd_federation_l2.node.sending import Sender
from artdagd_federation_l2.node.signins import SignIns


class Federation:
    """``identity``, ``publisher`` and ``routes`` are what the plugin's hooks give."""

    def __init__(self, node: NodeAccess) -> None:
        self._own = Own(node)
        sender = Sender(self._own, node.outbound)
        actors, incoming, followers = Actors(sender), Incoming(self._own), Followers(node.state)
        sign_ins = SignIns(node.state)
        self._deliveries = Deliveries(node, sender)
        self.identity = RegistryIdentity(node, sender, actors, incoming, sign_ins)
        self.publisher = OutboxPublisher(node, self._own, followers, self._deliveries)
        inbox = Inbox(node, self._own, actors, incoming, followers, self._deliveries)
        self.routes = routes(Readable(node, self._own, followers), inbox)
        self._pull = RevocationPull(node, sender, self.identity, sign_ins)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Make the key, take up the queue, and ask for revocations. Raises OSError and ValueError for a bad key."""
        await self._own.key()
        await self._deliveries.load()
        self._tasks = [asyncio.create_task(self._deliveries.run()), asyncio.create_task(self._pull.run())]

    async def stop(self) -> None:
        """Ends at once: what is on its way is sent again at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
