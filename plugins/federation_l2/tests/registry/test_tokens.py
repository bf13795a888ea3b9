"""Tokens that are not good: at the registry's door none of them is taken."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from artdagd_federation_l2.signatures import SigningKey
from clocks import Clock
from fake_nodes import fake_node
from quart import Response
from registries import running_registry
from signed import rsa_key

NOT_ACTIVE = {"active": False}


async def test_no_token_is_taken_that_is_forged_used_over_or_anothers(tmp_path: Path) -> None:
    clock = Clock()
    async with running_registry(tmp_path, clock=clock) as registry, fake_node() as node, fake_node("other") as other:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        await registry.add_renderer(other.url)
        async with registry.signed_in("anna") as browser:
            for one in (node, other):
                await registry.attach(browser, one.url)

            async def token(at: str, state: str) -> str:
                answer = await browser.get("/attach?" + urlencode({"renderer": at, "state": state}))
                return parse_qs(urlsplit(answer.headers["Location"]).query)["auth_token"][0]

            good = await token(node.url, "12345678")
            assert (await other.verify(registry.url, good, "12345678")).json() == NOT_ACTIVE
            swapped = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(len(good))]
            forged = [*swapped, good[:-1], good + "A", good.swapcase(), "", "x" * 1000, f" {good}", good + "\x00", "é"]
            states = ["123456789", "1234567", "", None, "12345678 ", "x" * 1024]
            answers = [await node.verify(registry.url, one, "12345678") for one in forged]
            answers += [await node.verify(registry.url, good, one) for one in states]
            assert [one.json() for one in answers] == [NOT_ACTIVE] * len(answers)
            assert (await node.verify(registry.url, good, "12345678")).json()["active"] is True
            for _ in range(20):
                assert (await node.verify(registry.url, good, "12345678")).json() == NOT_ACTIVE

            late = await token(node.url, "12345678")
            clock.ahead = 61
            assert (await node.verify(registry.url, late, "12345678")).json() == NOT_ACTIVE

            after_log_out = await token(node.url, "12345678")
            after_detach = await token(other.url, "12345678")
            proof = await registry.proof(browser)
            await browser.post("/renderers/detach", data={"renderer": other.url, "csrf_token": proof})
            assert (await other.verify(registry.url, after_detach, "12345678")).json() == NOT_ACTIVE
            await registry.log_out(browser)
            assert (await node.verify(registry.url, after_log_out, "12345678")).json() == NOT_ACTIVE


async def test_only_the_node_itself_is_answered(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node, fake_node("evil") as stranger:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            location = await registry.attach(browser, node.url)
        token = parse_qs(urlsplit(location).query)["auth_token"][0]
        asked = json.dumps({"token": token, "audience": node.url, "state": None}).encode()
        address = f"{registry.url}/auth/verify"
        headers = {"Content-Type": "application/json"}
        forged = SigningKey(node.key.key_id, rsa_key("evil").private)
        refused = [
            await node.http.post(address, content=asked, headers=headers),
            await node.http.post(address, content=asked, headers=headers | {"Authorization": f"Bearer {token}"}),
            await stranger.verify(registry.url, token, audience=node.url),
            await stranger.verify(registry.url, token),
            await node.verify(registry.url, token, key=forged),
            await node.verify(registry.url, token, audience=stranger.url),
            await node.verify(registry.url, token, audience=f"{node.url}/"),
            await node.verify(registry.url, token, at=1_700_000_000.0),
            await node.verify(registry.url, token, scheme="cavage", at=4_000_000_000.0),
        ]
        assert [answer.status_code for answer in refused] == [401] * len(refused)
        assert stranger.asked == 0, "the key's address is of the registry's choice, not of the sender's"
        assert (await node.verify(registry.url, token, scheme="cavage")).json()["active"] is True


async def test_a_signed_request_counts_once(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_renderer(node.url)
        first = await node.verify(registry.url, "x")
        again = await node.http.send(
            node.http.build_request(
                "POST", first.request.url, content=first.request.content, headers=first.request.headers
            )
        )
        assert (first.status_code, again.status_code) == (200, 401)


async def test_bodies_that_are_no_question_are_refused_in_words(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_renderer(node.url)
        address = f"{registry.url}/auth/verify"
        for body in (b"", b"{}", b"[]", b"\xff", b'{"token": 1}', b"[" * 100_000, b'{"token":"a","audience":"b"}'):
            assert (await node.send("POST", address, body)).status_code == 400, body[:40]
        assert (await node.send("POST", address, b"x" * (256 * 1024 + 1))).status_code == 413


async def test_a_node_with_a_new_key_is_known_by_it_and_one_that_is_away_comes_later(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_renderer(node.url)
        assert (await node.verify(registry.url, "x")).json() == NOT_ACTIVE
        node.key = SigningKey(node.key.key_id, rsa_key("evil").private)
        node.actor = node.described()
        registry.registry.services.signers.peers.pause = 0.0
        assert (await node.verify(registry.url, "x")).json() == NOT_ACTIVE
        asked = node.asked
        assert (await node.verify(registry.url, "x")).json() == NOT_ACTIVE
        assert node.asked == asked
    node_away = Response("", 503)
    async with running_registry(tmp_path / "b") as registry, fake_node() as node:
        node.actor = node_away
        await registry.add_renderer(node.url)
        answer = await node.verify(registry.url, "x")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_actors_that_are_not_the_nodes_own_prove_nothing(tmp_path: Path) -> None:
    async with fake_node() as node, fake_node("evil") as stranger:
        key = node.actor["publicKey"]
        moved = Response("", 302, headers={"Location": f"{stranger.url}/ap/actor"})
        hostile = [
            *(stranger.actor, {}, [], None, "x", moved, Response("", 404), Response(b"[" * 100_000)),
            node.described(id=stranger.actor["id"]),
            node.described(publicKey=stranger.actor["publicKey"]),
            node.described(publicKey=key | {"owner": stranger.actor["id"]}),
            node.described(publicKey=key | {"id": key["id"] + "2"}),
            node.described(publicKey=key | {"publicKeyPem": stranger.key.public_pem}),
            node.described(
                publicKey=key | {"publicKeyPem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}
            ),
            node.described(publicKey=[key, key]),
            node.described(padding="x" * (256 * 1024)),
        ]
        async with running_registry(tmp_path) as registry:
            await registry.add_renderer(node.url)
            registry.registry.services.signers.peers.pause = 0.0
            for actor in hostile:
                node.actor = actor
                answer = await node.verify(registry.url, "x")
                assert answer.status_code in (401, 503), actor
            assert stranger.asked == 0
            node.actor = node.described()
            assert (await node.verify(registry.url, "x")).status_code == 200


async def test_tokens_and_cookies_are_kept_nowhere(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            location = await registry.attach(browser, node.url)
            secrets = [parse_qs(urlsplit(location).query)["auth_token"][0], *browser.cookies.values()]
            assert len(secrets) == 2
            await node.verify(registry.url, secrets[0])
            kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
            assert b"anna" in kept
            assert not [one for one in secrets if one.encode() in kept]
