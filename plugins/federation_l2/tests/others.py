"""Who a node speaks with in tests: a registry by the contract and actors of other servers, both scripted."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
from artdagd_federation_l2.signatures import (
    PublicKey,
    Replays,
    Request,
    Scheme,
    SignatureRefused,
    SigningKey,
    public_key,
    signed_headers,
    verified,
)
from scripted import Answer, Asked, Scripted, as_json
from signed import rsa_key

ACTIVITY = "application/activity+json"


class Other:
    """An actor of a server that answers as the test wants."""

    def __init__(self, server: Scripted, path: str, kind: str = "Person", key: str = "peer") -> None:
        self.server = server
        self.path = path
        self.id = f"{server.url}{path}"
        self.inbox = f"{server.url}/inbox"
        self.key = SigningKey(f"{self.id}#main-key", rsa_key(key).private)
        self.kind = kind
        server.routes["GET", path] = lambda _: as_json(self.document(), media_type=ACTIVITY)

    def document(self, **changes: Any) -> dict[str, Any]:
        whole = {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": self.id,
            "type": self.kind,
            "inbox": self.inbox,
            "publicKey": {"id": self.key.key_id, "owner": self.id, "publicKeyPem": self.key.public_pem},
        }
        return {**whole, **changes}

    def headers(self, url: str, body: bytes, scheme: Scheme = "cavage", **changes: Any) -> dict[str, str]:
        options = {"method": "POST", "key": self.key, "now": time.time(), **changes}
        return signed_headers(options["method"], url, body, options["key"], scheme=scheme, now=options["now"])

    async def post(
        self, url: str, value: Any, *, scheme: Scheme = "cavage", media_type: str = ACTIVITY, **changes: Any
    ) -> httpx.Response:
        """Send ``value`` as signed JSON."""
        body = msgspec.json.encode(value)
        return await send(url, self.headers(url, body, scheme, **changes), body, media_type)

    def follow(self, node: str, number: int = 1) -> dict[str, Any]:
        return {"id": f"{self.id}/follows/{number}", "type": "Follow", "actor": self.id, "object": f"{node}/ap/actor"}


async def send(url: str, headers: Mapping[str, str], body: bytes, media_type: str = ACTIVITY) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30, verify=False) as client:
        return await client.post(url, content=body, headers={**headers, "Content-Type": media_type})


class ScriptedRegistry:
    """A registry as docs/federation.md has it; ``answer`` says something else to the next who verify."""

    domain = "art.example"

    def __init__(self, server: Scripted) -> None:
        self.server = server
        self.url = server.url
        self.actor = Other(server, "/actor", "Application", "registry")
        self.tokens: dict[str, dict[str, Any]] = {}
        self.revocations: list[dict[str, Any]] = []
        self.answer: Answer | None = None
        self.inbox: list[Answer] = []
        self.accepted: list[dict[str, Any]] = []
        self._replays = Replays()
        self._keys: dict[str, PublicKey] = {}
        server.routes["POST", "/auth/verify"] = self._verify
        server.routes["GET", "/auth/revocations"] = self._tell
        server.routes["POST", "/inbox"] = self._take

    def token(self, node: str, name: str = "giles", state: str | None = None, **changes: Any) -> str:
        text = secrets.token_urlsafe(32)
        ends = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()
        self.tokens[text] = {
            "active": True,
            "username": name,
            "domain": self.domain,
            "actor": f"{self.url}/users/{name}",
            "audience": node,
            "state": state,
            "scopes": ["read", "write", "publish"],
            "expires_at": ends,
            "until": time.time() + 60,
            **changes,
        }
        return text

    def revoke(self, **what: str) -> None:
        at = datetime.now(UTC).isoformat()
        self.revocations.append({"seq": len(self.revocations) + 1, **what, "revoked_at": at})

    async def _verify(self, asked: Asked) -> Answer:
        if self.answer is not None:
            return self.answer
        signer = await self.signer(asked)
        question = asked.json()
        if signer != f"{question['audience']}/ap/actor":
            return as_json({}, 401)
        found = self.tokens.pop(question["token"], None)
        good = found and found.pop("until") > time.time()
        if not found or not good or any(found[name] != question[name] for name in ("audience", "state")):
            return as_json({"active": False})
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return as_json(found, date=now)

    async def _tell(self, asked: Asked) -> Answer:
        if not await self.signer(asked):
            return as_json({}, 401)
        since = int(asked.target.partition("since=")[2])
        items = [one for one in self.revocations if one["seq"] > since]
        return as_json({"items": items, "next": items[-1]["seq"] if items else since})

    async def _take(self, asked: Asked) -> Answer:
        if self.inbox:
            return self.inbox.pop(0)
        if not await self.signer(asked):
            return as_json({}, 401)
        self.accepted.append(asked.json())
        mark = hashlib.sha256(asked.json()["id"].encode()).hexdigest()[:8]
        return as_json({}, 202, Location=f"{self.url}/works/{mark}")

    async def signer(self, asked: Asked) -> str:
        """The id of the actor who signed, whose document is fetched; empty for none."""
        signers = []

        async def find(key_id: str) -> PublicKey:
            signers.append(key_id.partition("#")[0])
            if key_id not in self._keys:
                async with httpx.AsyncClient(trust_env=False, verify=False) as client:
                    actor = (await client.get(signers[-1], headers={"Accept": ACTIVITY})).json()
                assert (actor["id"], actor["publicKey"]["id"]) == (signers[-1], key_id)
                self._keys[key_id] = public_key(actor["publicKey"]["publicKeyPem"])
            return self._keys[key_id]

        request = Request(asked.method, asked.target, tuple(asked.headers.items()), asked.body, "http")
        try:
            await verified(
                request, find, now=time.time(), replay=self._replays, authority=self.url.removeprefix("http://")
            )
        except SignatureRefused:
            return ""
        return str(signers[0])
