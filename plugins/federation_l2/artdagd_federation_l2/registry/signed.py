"""Requests that nodes sign: who sent this one."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import quart

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.peers import Peers
from artdagd_federation_l2.registry.renderers import Renderer, Renderers
from artdagd_federation_l2.signatures import (
    PublicKey,
    Replays,
    ReplaysFull,
    Request,
    SignatureRefused,
    WrongSignature,
    verified,
)

KEY = "/ap/actor#main-key"


class Signers:
    """Checks signatures. ``public_url`` is the address under which the world, and so a signature, knows us."""

    def __init__(self, public_url: str, renderers: Renderers, peers: Peers, clock: Callable[[], float]) -> None:
        self._public = urlsplit(public_url)
        self._renderers = renderers
        self.peers = peers
        self._clock = clock
        self._replays = Replays()

    async def signer(self, asked: quart.Request) -> Renderer:
        """The node that signed ``asked``. Raises Refused: 401 if none did that is registered here, 503 for later."""
        request = await self._read(asked)
        try:
            try:
                return await self._signer(request, anew=False)
            except WrongSignature:
                return await self._signer(request, anew=True)
        except ReplaysFull as error:
            raise Refused(503, error.reason, retry_after=60) from None
        except SignatureRefused as error:
            raise Refused(401, error.reason) from None

    async def _signer(self, request: Request, *, anew: bool) -> Renderer:
        async def find(key_id: str) -> PublicKey:
            return await self.peers.key(await self._owner(key_id), anew=anew)

        signed = await verified(request, find, now=self._clock(), replay=self._replays, authority=self._public.netloc)
        return await self._owner(signed.key_id)

    async def _owner(self, key_id: str) -> Renderer:
        """Before anything is fetched: a key's address is of our choice, not of the sender's."""
        renderer = await self._renderers.get(key_id.removesuffix(KEY)) if key_id.endswith(KEY) else None
        if renderer is None:
            raise SignatureRefused("the key is not that of the actor of a renderer that is registered here")
        return renderer

    async def _read(self, asked: quart.Request) -> Request:
        path = asked.scope.get("raw_path") or asked.path.encode()
        query = asked.query_string
        return Request(
            method=asked.method,
            target=(path + (b"?" + query if query else b"")).decode("latin-1"),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in asked.scope["headers"]),
            body=await asked.data,
            scheme="https" if self._public.scheme == "https" else "http",
        )
