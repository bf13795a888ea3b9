"""Ending what the registry vouched for: it tells the node, and the node asks."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import httpx
import pytest
from others import Other, send
from scripted import Answer, Scripted
from visitors import browser, sign_in

from artdagd.node import Node
from tests.nodes import EXAMPLES


async def ended(visitor: httpx.AsyncClient, seconds: float) -> float:
    """After how many seconds the session is refused; fails if it is not in ``seconds``."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while (await visitor.get("/auth/session")).status_code == 200:
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_the_registry_ends_a_persons_sessions_and_one_tokens(node, registry):
    async with browser(node.url) as one, browser(node.url) as two, browser(node.url) as ada:
        token = registry.token(node.url)
        await sign_in(one, token)
        await sign_in(two, registry.token(node.url))
        await sign_in(ada, registry.token(node.url, "ada"))
        hashed = hashlib.sha256(token.encode()).hexdigest()
        answer = await registry.actor.post(
            f"{node.url}/auth/revoke", {"token_hash": hashed}, media_type="application/json"
        )
        assert (answer.status_code, answer.json()) == (200, {"revoked": 1})
        assert [(await who.get("/runs")).status_code for who in (one, two, ada)] == [401, 200, 200]
        told = await registry.actor.post(
            f"{node.url}/auth/revoke-user", {"username": "giles"}, scheme="rfc9421", media_type="application/json"
        )
        assert (told.status_code, told.json()) == (200, {"revoked": 1})
        assert [(await who.get("/runs")).status_code for who in (one, two, ada)] == [401, 401, 200]


async def test_nobody_else_ends_them(giles, node, registry, other, elsewhere):
    """Revocations by who is not the issuer: 0."""
    url, told = f"{node.url}/auth/revoke-user", {"username": "giles"}
    body = b'{"username":"giles"}'
    mallory = Other(registry.server, "/users/mallory", key="mallory")
    false = Other(elsewhere, "/actor", key="mallory")
    answers = [
        await send(url, {}, body, "application/json"),
        await mallory.post(url, told, media_type="application/json"),
        await false.post(url, told, media_type="application/json"),
        await other.post(url, told, media_type="application/json"),
        await mallory.post(
            url,
            told,
            key=registry.actor.key.__class__(registry.actor.key.key_id, mallory.key.private),
            media_type="application/json",
        ),
    ]
    headers = registry.actor.headers(url, body)
    answers.append(await send(url, headers, b'{"username":"giles" }', "application/json"))
    answers.append(await send(f"{node.url}/auth/revoke", headers, body, "application/json"))
    answers.append(await send(url, registry.actor.headers(url, body, now=time.time() - 600), body, "application/json"))
    # Where the body is none that the path takes, that is said first.
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 401, 401, 400, 401]
    assert elsewhere.asked == []
    assert (await giles.get("/runs")).status_code == 200
    good = registry.actor.headers(url, body)
    assert (await send(url, good, body, "application/json")).status_code == 200
    assert (await send(url, good, body, "application/json")).status_code == 401


async def test_the_node_asks_for_what_it_was_not_told(giles, registry):
    registry.revoke(username="giles")
    assert await ended(giles, 10) < 5


@pytest.mark.slow
async def test_a_late_revocation_spares_who_has_signed_in_since(node, registry):
    async with browser(node.url) as before, browser(node.url) as after:
        await sign_in(before, registry.token(node.url))
        registry.server.routes["GET", "/auth/revocations"], told = lambda _: Answer(500), registry._tell
        registry.revoke(username="giles")
        registry.revocations[0]["revoked_at"] = await _between_seconds()
        await sign_in(after, registry.token(node.url))
        registry.server.routes["GET", "/auth/revocations"] = told
        await ended(before, 10)
        assert (await after.get("/runs")).status_code == 200


async def _between_seconds() -> str:
    """Now; returns in the second after it."""
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    await asyncio.sleep(1.01 - now.microsecond / 1e6)
    return now.isoformat()


@pytest.mark.parametrize("how", ["down", pytest.param("hanging", marks=pytest.mark.slow)])
async def test_what_was_revoked_while_the_registry_was_away_ends_when_it_is_back(giles, registry, how):
    """D3: a revoked token is accepted for less than 5 seconds after the registry is back."""
    tell = registry._tell
    if how == "down":
        await registry.server.stop()
    else:
        registry.server.routes["GET", "/auth/revocations"] = lambda _: Answer(hang=True)
    registry.revoke(username="giles")
    began = time.monotonic()
    while time.monotonic() < began + 6:  # a question comes to nothing, or two
        assert (await giles.get("/runs")).status_code == 200
        await asyncio.sleep(0.5)
    registry.server.routes["GET", "/auth/revocations"] = tell
    if how == "down":
        await registry.server.start()
    assert await ended(giles, 10) < 5


@pytest.mark.slow
async def test_the_node_asks_only_while_people_of_the_registry_may_be_signed_in(running, registry, server: Scripted):
    async with running() as node, browser(node.url) as visitor:
        assert (await visitor.get("/auth/session")).status_code == 401
        assert server.asked == []
        await sign_in(visitor, registry.token(node.url))
        await server.wait("GET", "/auth/revocations")
    async with running():  # and it knows after a restart
        await server.wait("GET", "/auth/revocations", len(server.of("GET", "/auth/revocations")) + 1)


@pytest.mark.parametrize("streams", [20, pytest.param(100, marks=pytest.mark.slow)])
async def test_revoking_closes_open_event_streams_within_five_seconds(giles, node: Node, registry, streams):
    run = await _waiting_run(giles)
    opened, closed = asyncio.Semaphore(0), []

    async def follow() -> None:
        async with giles.stream("GET", f"/api/run/{run}/events", timeout=60) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_raw():
                opened.release()
        closed.append(time.monotonic())

    giles._transport._pool._max_connections = 200  # type: ignore[attr-defined]
    listeners = [asyncio.create_task(follow()) for _ in range(streams)]
    for _ in listeners:
        await opened.acquire()
    began = time.monotonic()
    registry.revoke(username="giles")
    async with asyncio.timeout(10):
        await asyncio.gather(*listeners)
    assert max(closed) - began < 5


async def _waiting_run(who: httpx.AsyncClient) -> Any:
    """A run that waits, as there are no workers."""
    recipe = (await who.post("/recipes/upload", content=(EXAMPLES / "beat-sync.yaml").read_bytes())).json()
    files = {"file": ("a.mp4", (EXAMPLES / "media" / "bunny.mp4").read_bytes())}
    cid = (await who.post("/cache/upload", files=files)).json()["cid"]
    body = {"recipe": recipe["recipe_id"], "inputs": {"video": cid, "audio": cid}}
    return (await who.post("/runs", json=body)).json()["run_id"]
