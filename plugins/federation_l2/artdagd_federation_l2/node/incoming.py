"""Signed requests that come to the node: who sent them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from artdagd.hooks import WebRequest
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.signatures import FindKey, PublicKey, Replays, Request, Signed, WrongSignature, verified

Find = Callable[[str, bool], Awaitable[PublicKey]]
"""(key id, whether to fetch it anew) -> the key."""


class Incoming:
    """Checks signatures, each of which counts once."""

    def __init__(self, own: Own) -> None:
        self._own = own
        self._replays = Replays()

    async def signed(self, asked: WebRequest, find: Find) -> Signed:
        """Who signed ``asked``. A key that does not fit is fetched anew, once: it may have been changed.

        Raises SignatureRefused, and what ``find`` raises.
        """
        addresses = self._own.addresses
        request = Request(
            asked.method,
            asked.target,
            tuple(asked.headers.items()),
            asked.body,
            "https" if addresses.node.startswith("https:") else "http",
        )

        async def check(find_key: FindKey) -> Signed:
            return await verified(request, find_key, now=time.time(), replay=self._replays, authority=addresses.host)

        try:
            return await check(lambda key_id: find(key_id, False))
        except WrongSignature:
            return await check(lambda key_id: find(key_id, True))
