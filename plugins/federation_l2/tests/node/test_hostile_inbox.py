"""F17: what a hostile peer sends to the inbox. Nothing of it is accepted, nobody follows, nothing is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from artdagd_federation_l2.node import actors, inbox
from artdagd_federation_l2.signatures import SigningKey, public_pem
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from others import ACTIVITY, Other, send
from scripted import Answer, Scripted, as_json
from signed import ed25519_key, rsa_key

Attack = Callable[[], Awaitable[httpx.Response]]


class Attacks:
    """All of them are at ``url``, by or in the name of actors whose documents are at ``elsewhere``."""

    def __init__(self, node: str, elsewhere: Scripted, third: Scripted) -> None:
        self.node = node
        self.url = f"{node}/ap/inbox"
        self.elsewhere = elsewhere
        self.third = third
        self._number = 0

    def actor(self, key: str = "peer", server: Scripted | None = None) -> Other:
        """One whom the node has not met."""
        self._number += 1
        return Other(server or self.elsewhere, f"/users/n{self._number}", key=key)

    def all(self) -> Iterator[tuple[str, Attack]]:
        yield from self.signatures()
        yield from self.documents()
        yield from self.names()
        yield from self.bodies()

    def signatures(self) -> Iterator[tuple[str, Attack]]:
        for scheme in ("cavage", "rfc9421"):
            for name, changed in {
                "another body": lambda h, b: (h, b + b" "),
                "no signature": lambda h, b: ({k: v for k, v in h.items() if not k.startswith("Signature")}, b),
                "a digest of another body": lambda h, b: (self._with(h, "igest", h["Host"]), b),
                "another host": lambda h, b: ({**h, "Host": "127.0.0.1:1"}, b),
                "half a signature": lambda h, b: ({**h, "Signature": h["Signature"][:60]}, b),
                "a key that is no address": lambda h, b: (self._replaced(h, "http://", "ldap://"), b),
            }.items():
                yield f"{scheme}: {name}", self._changed(scheme, changed)
            for seconds in (-600, 600):
                yield f"{scheme}: {seconds} s off", self._signed(scheme, now=time.time() + seconds)
            yield f"{scheme}: another's key", self._signed(scheme, key=True)
            yield f"{scheme}: of a GET", self._signed(scheme, method="GET")
            yield f"{scheme}: replayed", self._replay(scheme)
            yield f"{scheme}: for another path", self._elsewhere(scheme)

    def documents(self) -> Iterator[tuple[str, Attack]]:
        weak = public_pem(generate_private_key(65537, 1024).public_key())
        for name, change in {
            "another id": lambda o: o.document(id=f"{o.id}x"),
            "an id elsewhere": lambda o: o.document(id="https://evil.example/a"),
            "a key of another's": lambda o: o.document(publicKey=self._key(o, owner=f"{o.id}x")),
            "a key with another id": lambda o: o.document(publicKey=self._key(o, id=f"{o.id}#other")),
            "a key at another origin": lambda o: o.document(publicKey=self._key(o, id=f"{self.third.url}/a#main-key")),
            "a weak key": lambda o: o.document(publicKey=self._key(o, publicKeyPem=weak)),
            "no PEM": lambda o: o.document(publicKey=self._key(o, publicKeyPem="MIIB")),
            "another person's PEM": lambda o: o.document(publicKey=self._key(o, publicKeyPem=rsa_key("x").public_pem)),
            "an Ed25519 PEM": lambda o: o.document(publicKey=self._key(o, publicKeyPem=ed25519_key().public_pem)),
            "no key": lambda o: o.document(publicKey=[]),
            "17 keys": lambda o: o.document(publicKey=[self._key(o)] * 17),
            "a key that is a word": lambda o: o.document(publicKey="key"),
            "no inbox": lambda o: o.document(inbox=""),
            "an inbox elsewhere": lambda o: o.document(inbox=f"{self.third.url}/inbox"),
            "an inbox on the node": lambda o: o.document(inbox=f"{self.node}/ap/inbox"),
            "a shared inbox elsewhere": lambda o: o.document(endpoints={"sharedInbox": "http://169.254.169.254/"}),
            "an owner elsewhere": lambda o: {"id": o.key.key_id, "owner": f"{self.third.url}/a", **self._key(o)},
        }.items():
            yield f"document: {name}", self._document(lambda o, c=change: as_json(c(o), media_type=ACTIVITY))
        for name, answer in {
            "nested without end": Answer(body=b"[" * 200_000, media_type=ACTIVITY),
            "too large": Answer(body=b'{"a": "' + b"x" * 300_000 + b'"}', media_type=ACTIVITY),
            "a redirect": Answer(302, headers={"Location": "http://169.254.169.254/"}),
            "an error": Answer(500),
            "gone": Answer(410),
            "no JSON": Answer(body=b"\xff\xfe", media_type=ACTIVITY),
            "half": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        }.items():
            yield f"document: {name}", self._document(lambda o, a=answer: a)
        for kind in ("text/html", "application/json", "text/plain"):
            yield f"document: {kind}", self._document(lambda o, k=kind: as_json(o.document(), media_type=k))

    def names(self) -> Iterator[tuple[str, Attack]]:
        for address in (
            "http://169.254.169.254/latest/meta-data#main-key",
            "http://10.0.0.1/actor#main-key",
            "http://localhost:22/actor#main-key",
            "https://[::1]/actor#main-key",
            "file:///etc/passwd#main-key",
            "http://127.0.0.1@evil.example/a#main-key",
        ):
            yield f"key: {address}", self._key_at(address)
        yield "in the name of another at the server", self._in_the_name(self.actor("mallory"), self.actor("victim"))
        victim = self.actor("victim", self.third)
        yield "a key at a third server", self._signed("cavage", key_id=f"{self.third.url}/a#main-key")
        yield "in the name of another elsewhere", self._in_the_name(self.actor("mallory"), victim)

    def bodies(self) -> Iterator[tuple[str, Attack]]:
        for name, body in {
            "nothing": b"",
            "no JSON": b"{",
            "a list": b"[]",
            "nested without end": b'{"object": ' + b"[" * 100_000,
            "no actor": b'{"id": "ID", "type": "Follow", "object": "NODE"}',
            "an actor that is a number": b'{"id": "ID", "type": "Follow", "actor": 1, "object": "NODE"}',
            "two actors": b'{"id": "ID", "type": "Follow", "actor": ["ID", "ID"], "object": "NODE"}',
            "no id": b'{"type": "Follow", "actor": "ID", "object": "NODE"}',
            "an id elsewhere": b'{"id": "https://evil.example/1", "type": "Follow", "actor": "ID", "object": "NODE"}',
            "no object": b'{"id": "ID", "type": "Follow", "actor": "ID"}',
            "a type that is a list": b'{"id": "ID", "type": ["Follow"], "actor": "ID", "object": "NODE"}',
            "300 KiB": b'{"id": "ID", "type": "Follow", "actor": "ID", "object": "NODE", "x": "'
            + b"x" * 300_000
            + b'"}',
        }.items():
            yield f"body: {name}", self._body(body)

    def _with(self, headers: dict[str, str], end: str, value: str) -> dict[str, str]:
        return {name: (value if name.endswith(end) else text) for name, text in headers.items()}

    def _replaced(self, headers: dict[str, str], old: str, new: str) -> dict[str, str]:
        return {name: text.replace(old, new) for name, text in headers.items()}

    def _key(self, who: Other, **changes: str) -> dict[str, str]:
        return {"id": who.key.key_id, "owner": who.id, "publicKeyPem": who.key.public_pem, **changes}

    def _changed(self, scheme: Any, change: Any) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            body = json.dumps(who.follow(self.node)).encode()
            return await send(self.url, *change(who.headers(self.url, body, scheme), body))

        return attack

    def _signed(self, scheme: Any, *, key: bool = False, key_id: str = "", **how: Any) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            private = rsa_key("forger").private if key else who.key.private
            signing = SigningKey(key_id or who.key.key_id, private)
            return await who.post(self.url, who.follow(self.node), scheme=scheme, key=signing, **how)

        return attack

    def _replay(self, scheme: Any) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            body = json.dumps({**who.follow(self.node), "type": "Like"}).encode()
            headers = who.headers(self.url, body, scheme)
            assert (await send(self.url, headers, body)).status_code == 202
            return await send(self.url, headers, body)

        return attack

    def _elsewhere(self, scheme: Any) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            body = json.dumps(who.follow(self.node)).encode()
            return await send(self.url, who.headers(f"{self.node}/inbox", body, scheme), body)

        return attack

    def _document(self, answer: Callable[[Other], Answer]) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            self.elsewhere.routes["GET", who.path] = lambda _: answer(who)
            return await who.post(self.url, who.follow(self.node))

        return attack

    def _key_at(self, address: str) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            follow = {
                "id": address,
                "type": "Follow",
                "actor": address.partition("#")[0],
                "object": f"{self.node}/ap/actor",
            }
            return await who.post(self.url, follow, key=SigningKey(address, who.key.private))

        return attack

    def _in_the_name(self, who: Other, victim: Other) -> Attack:
        async def attack() -> httpx.Response:
            return await who.post(self.url, victim.follow(self.node))

        return attack

    def _body(self, text: bytes) -> Attack:
        async def attack() -> httpx.Response:
            who = self.actor()
            body = text.replace(b"ID", who.id.encode()).replace(b"NODE", f"{self.node}/ap/actor".encode())
            return await send(self.url, who.headers(self.url, body), body)

        return attack


@pytest.fixture
async def third() -> Any:
    server = Scripted()
    await server.start()
    yield server
    await server.stop()


async def test_hostile_posts_are_refused(running, elsewhere, third, monkeypatch):
    for module, name in ((actors, "FETCHES"), (actors, "FETCHES_OF_ONE"), (inbox, "POSTS_OF_ONE")):
        monkeypatch.setattr(module, name, 10_000)
    accepted, tried = [], 0
    async with running() as node, httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        for name, attack in Attacks(node.url, elsewhere, third).all():
            answer = await attack()
            tried += 1
            if answer.status_code not in (400, 401, 413, 421):
                accepted.append((name, answer.status_code))
        assert accepted == []
        assert tried == 72, "as the README has it"
        assert (await client.get("/ap/followers")).json()["totalItems"] == 0
    assert elsewhere.of("POST", "/inbox") == []
    assert third.asked == [], "nobody makes the node call a third"
