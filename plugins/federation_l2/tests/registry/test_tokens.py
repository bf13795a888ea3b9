"""Tokens that are not good: at the registry's door none of them is taken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from artdagd_federation_l2.registry.secrets import sha256
from artdagd_federation_l2.signatures import SigningKey
from clocks import Clock
from fake_nodes import FakeNode, fake_node
from quart import Response
from registries import RunningRegistry, running_registry
from signed import rsa_key

NOT_ACTIVE = {"active": False}
STATE = "a-state-of-this-browser"


def impatient(registry: RunningRegistry) -> None:
    """Let it ask a node for its key as often as it likes."""
    peers = registry.registry.services.signers.peers
    peers.anew = peers.pause = 0.0


def mutated(token: str) -> list[str]:
    """Tokens that are near to a good one."""
    swapped = [
        token[:at] + other + token[at + 1 :] for at in range(len(token)) for other in "AQgw_-09" if other != token[at]
    ]
    cut = [token[:length] for length in range(len(token))]
    odd = [token + "A", token.swapcase(), token[::-1], f" {token}", token + "\x00", token + "é", token * 2, "x" * 1000]
    hashes = [sha256(token), sha256(token).upper()]
    return [*swapped, *cut, *odd, *hashes]


@pytest.mark.parametrize("share", [10, pytest.param(1, marks=pytest.mark.slow)])
async def test_no_token_is_taken_that_is_forged_used_over_or_anothers(tmp_path: Path, share: int) -> None:
    clock = Clock()
    async with running_registry(tmp_path, clock=clock) as registry, fake_node() as node, fake_node("other") as other:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        await registry.add_renderer(other.url)
        async with registry.signed_in("anna") as browser:
            for one in (node, other):
                await registry.attach(browser, one.url)

            async def token(at: str) -> str:
                answer = await browser.get("/attach?" + urlencode({"renderer": at, "state": STATE}))
                return parse_qs(urlsplit(answer.headers["Location"]).query)["auth_token"][0]

            async def taken(tries: list[tuple[FakeNode, str, str | None]]) -> int:
                answers = []
                for some in range(0, len(tries), 20):
                    asked = [by.verify(registry.url, shown, state) for by, shown, state in tries[some : some + 20]]
                    answers += [answer.json() for answer in await asyncio.gather(*asked)]
                assert all(answer == NOT_ACTIVE or answer["active"] is True for answer in answers)
                return sum(answer["active"] for answer in answers)

            good, unused = await token(node.url), await token(node.url)
            states = [
                None,
                "",
                *(STATE[:length] for length in range(1, len(STATE))),
                STATE + " ",
                STATE.upper(),
                "x" * 1024,
            ]
            forged = [(node, one, STATE) for one in mutated(good)] + [(node, good, state) for state in states]
            anothers = [(other, good, STATE)] * 60 + [(other, good, None)] * 40
            assert len(forged) + len(anothers) >= 500
            assert await taken([*forged, *anothers][::share]) == 0
            assert await taken([(node, good, STATE)] * (100 // share)) == 1

            clock.ahead = 61
            assert await taken([(node, unused, STATE)] * 20) == 0
            left, taken_back = await token(node.url), await token(other.url)
            proof = await registry.proof(browser)
            await browser.post("/renderers/detach", data={"renderer": other.url, "csrf_token": proof})
            await registry.log_out(browser)
            assert await taken([(other, taken_back, STATE)] * 20 + [(node, left, STATE)] * 20) == 0


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
        impatient(registry)
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
            impatient(registry)
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
