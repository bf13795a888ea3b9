"""A node as the registry sees one: an actor with a real key, real HTTP on loopback, and what it was told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from artdagd_federation_l2.registry.server import address, bound, listen
from artdagd_federation_l2.signatures import Scheme, SigningKey, signed_headers
from quart import Quart, Response, request
from signed import rsa_key


class FakeNode:
    """``told`` are the requests to revoke that it took; ``status`` is what it answers those; ``actor`` its document."""

    def __init__(self, url: str, name: str = "node") -> None:
        self.url = url
        self.key = SigningKey(f"{url}/ap/actor#main-key", rsa_key(name).private)
        self.told: list[dict[str, Any]] = []
        self.tries = 0
        self.status = 200
        self.asked = 0
        self.http = httpx.AsyncClient(trust_env=False, timeout=30)
        self.actor: Any = self.described()

    def described(self, **changes: Any) -> dict[str, Any]:
        actor = f"{self.url}/ap/actor"
        key = {"id": f"{actor}#main-key", "owner": actor, "publicKeyPem": self.key.public_pem}
        return {"id": actor, "type": "Service", "name": "Kiln", "publicKey": key, **changes}

    async def send(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        key: SigningKey | None = None,
        scheme: Scheme = "rfc9421",
        at: float | None = None,
        kind: str = "application/json",
    ) -> httpx.Response:
        """A signed request."""
        signed = signed_headers(method, url, body, key or self.key, scheme=scheme, now=at or time.time())
        return await self.http.request(method, url, content=body, headers={**signed, "Content-Type": kind})

    async def verify(
        self, registry: str, token: str, state: str | None = None, audience: str | None = None, **options: Any
    ) -> httpx.Response:
        asked = {"token": token, "audience": audience or self.url, "state": state}
        return await self.send("POST", f"{registry}/auth/verify", json.dumps(asked).encode(), **options)

    async def revocations(self, registry: str, since: int = 0) -> dict[str, Any]:
        answer = await self.send("GET", f"{registry}/auth/revocations?since={since}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@asynccontextmanager
async def fake_node(name: str = "node") -> AsyncIterator[FakeNode]:
    listening = bound("127.0.0.1", 0)
    node = FakeNode(address(listening), name)
    app = Quart("fake_node")

    @app.get("/ap/actor")
    async def actor() -> Response:
        node.asked += 1
        if isinstance(node.actor, Response):
            return node.actor
        return Response(json.dumps(node.actor), content_type="application/activity+json")

    @app.post("/auth/revoke-user")
    async def revoke_user() -> Response:
        node.tries += 1
        if node.status == 200:
            node.told.append({"headers": dict(request.headers), "body": await request.get_json()})
        return Response('{"revoked": 1}', node.status, content_type="application/json")

    closing = asyncio.Event()
    serving = asyncio.create_task(listen(app, listening, closing))
    try:
        yield node
    finally:
        await node.http.aclose()
        closing.set()
        await serving
