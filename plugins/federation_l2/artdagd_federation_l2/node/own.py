"""Who the node is to others: its addresses, and the key that it signs with."""

from __future__ import annotations

import asyncio

from artdagd.hooks import NodeAccess
from artdagd_federation_l2.node.addresses import Addresses
from artdagd_federation_l2.signatures import SigningKey, kept_key

KEY_FILE = "actor.pem"


class Own:
    """The node's own actor. Its key is made when it is first used."""

    def __init__(self, node: NodeAccess) -> None:
        self._node = node
        self._key: SigningKey | None = None
        self._making = asyncio.Lock()

    @property
    def addresses(self) -> Addresses:
        return Addresses(self._node.public_url)

    async def key(self) -> SigningKey:
        """Raises OSError, or ValueError for a key file that holds none."""
        async with self._making:
            if self._key is None:
                private = await asyncio.to_thread(kept_key, self._node.folder / KEY_FILE)
                self._key = SigningKey(self.addresses.key, private)
        return self._key
