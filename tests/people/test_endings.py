"""Credentials that end, and what must end with them: on this node, on another, while something is under way."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodes import Person, running_node

from artdagd.api.guard import Guard
from artdagd.auth import authority, sessions, tokens
from artdagd.auth.authority import Authority
from artdagd.database import Database
from artdagd.errors import Unauthorized
from artdagd.hooks import Identity
from tests import databases

pytestmark = pytest.mark.database

SIGNED = {"Signature": "of the registry"}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def until(done: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.05)


@pytest.fixture
async def two(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Person, Person]]:
    """Two nodes on one database, which has to be PostgreSQL."""
    monkeypatch.setattr(authority, "LOOK_EVERY", 0.1)
    async with AsyncExitStack() as stack:
        made = [
            (await stack.enter_async_context(running_node(tmp_path / name, workers=0, database_url=postgres_url)))[1]
            for name in ("a", "b")
        ]
        yield made[0], made[1]


async def test_what_one_node_makes_another_knows_and_what_it_revokes_ends_there(two):
    a, b = two
    made = (await a.http.post("/auth/tokens", json={"name": "n", "owner": "bob"})).json()
    async with httpx.AsyncClient(base_url=b.http.base_url, trust_env=False) as browser:
        assert (await browser.get("/runs", headers=bearer(made["token"]))).status_code == 200
        listed = (await b.http.get("/auth/tokens")).json()["items"]
        assert made["token_id"] in [one["token_id"] for one in listed]
        # A session that B opened, seen by A; it goes on when B's ticket is noted as spent.
        path = (await b.http.post("/auth/login-address")).json()["url"].removeprefix(str(b.http.base_url))
        await browser.get(path)
        (cookie,) = browser.cookies.jar
        at_a = {"Cookie": f"artdag_session_{a.http.base_url.port}={cookie.value}"}
        async with httpx.AsyncClient(base_url=a.http.base_url, trust_env=False) as other:
            assert (await other.get("/auth/session", headers=at_a)).status_code == 200
            await asyncio.sleep(0.5)  # five looks in which it could go wrong
            assert (await other.get("/auth/session", headers=at_a)).status_code == 200
            assert (await browser.get("/logout")).status_code == 303

            async def signed_out() -> bool:
                return (await other.get("/auth/session", headers=at_a)).status_code == 401

            await until(signed_out)
        assert (await a.http.post("/auth/revoke-user", json={"username": "bob"})).json() == {"revoked": 1}

        async def revoked() -> bool:
            return (await browser.get("/runs", headers=bearer(made["token"]))).status_code == 401

        await until(revoked)


async def test_revoking_a_user_ends_what_only_another_node_has_seen(two):
    a, b = two
    made = (await a.http.post("/auth/tokens", json={"name": "n", "owner": "bob"})).json()
    assert (await b.http.post("/auth/revoke-user", json={"username": "bob"})).json() == {"revoked": 1}

    async def revoked() -> bool:
        return (await a.http.get("/runs", headers=bearer(made["token"]))).status_code == 401

    await until(revoked)


async def test_a_new_admin_token_ends_the_sessions_of_the_old_one(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        path = (await person.http.post("/auth/login-address")).json()["url"].removeprefix(str(person.http.base_url))
        async with httpx.AsyncClient(base_url=person.http.base_url, trust_env=False) as browser:
            await browser.get(path)
            assert (await browser.get("/auth/session")).status_code == 200
            (cookie,) = browser.cookies.jar
    (tmp_path / "home" / "admin-token").unlink()
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        headers = {"Cookie": f"artdag_session_{person.http.base_url.port}={cookie.value}"}
        async with httpx.AsyncClient(base_url=person.http.base_url, trust_env=False) as browser:
            assert (await browser.get("/auth/session", headers=headers)).status_code == 401


async def may_collect(http: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    """Whether an administrator's call is let in; the only other answer is 403."""
    status = (await http.post("/cache/gc", json={"plan": True}, headers=headers)).status_code
    assert status in (200, 403)
    return status == 200


async def test_who_is_an_administrator_no_more_loses_it_at_the_next_start(tmp_path: Path, registry):
    async with AsyncExitStack() as stack:
        _, person = await stack.enter_async_context(
            running_node(tmp_path / "home", workers=0, admins=("@giles@l2.test",))
        )
        async with httpx.AsyncClient(base_url=person.http.base_url, trust_env=False) as browser:
            token = registry.person("t", scopes=("read", "write", "publish"))
            await browser.get("/auth", params={"auth_token": token})
            seen = (await browser.get("/auth/session")).json()
            assert (seen["is_admin"], seen["scopes"]) == (True, [])
            proof = {"X-CSRF-Token": seen["csrf_token"]}
            assert await may_collect(browser, proof)
            made = (await browser.post("/auth/tokens", json={"name": "n"}, headers=proof)).json()
            assert made["is_admin"]
            await browser.get("/auth", params={"auth_token": registry.person("u", scopes=("read",))})
            proof = {"X-CSRF-Token": (await browser.get("/auth/session")).json()["csrf_token"]}
            assert not await may_collect(browser, proof)  # the provider said no more than that
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        assert not await may_collect(person.http, bearer(made["token"]))


async def test_a_narrow_token_of_an_administrator_is_nobody_elses(admin, browser):
    made = (await admin.post("/auth/tokens", json={"name": "n", "scopes": ["read", "write"]})).json()
    bobs = (await admin.post("/auth/tokens", json={"name": "b", "owner": "bob"})).json()
    narrow = bearer(made["token"])
    hash_ = hashlib.sha256(bobs["token"].encode()).hexdigest()
    for path, body in (
        ("/auth/tokens", {"name": "m", "owner": "bob"}),
        ("/auth/revoke", {"token_hash": hash_}),
        ("/auth/revoke-user", {"username": "bob"}),
    ):
        assert (await browser.post(path, json=body, headers=narrow)).status_code == 403, path
    assert (await browser.delete(f"/auth/tokens/{bobs['token_id']}", headers=narrow)).status_code == 404
    assert (await browser.get("/runs", headers=bearer(bobs["token"]))).status_code == 200


async def test_a_sign_in_under_way_does_not_outlive_the_users_revocation(browser, registry, both, monkeypatch):
    asked, go_on = asyncio.Event(), asyncio.Event()
    redeem = registry.redeem

    async def slow(token: str, state: str | None) -> Identity:
        found: Identity = await redeem(token, state)
        asked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(registry, "redeem", slow)
    signing = asyncio.create_task(browser.get("/auth", params={"auth_token": registry.person("t")}))
    await asked.wait()
    async with httpx.AsyncClient(base_url=browser.base_url, trust_env=False) as l2:
        await l2.post("/auth/revoke-user", json={"username": "giles"}, headers=SIGNED)
    go_on.set()
    assert (await signing).status_code == 401


async def test_a_provider_that_hangs_holds_nobody(browser, registry, monkeypatch):
    monkeypatch.setattr(authority, "REDEEM_SECONDS", 0.1)
    monkeypatch.setattr(registry, "redeem", lambda token, state: asyncio.sleep(60))
    answer = await browser.get("/auth", params={"auth_token": "t"})
    assert (answer.status_code, "l2.test" in answer.json()["detail"]) == (503, True)
    monkeypatch.setattr(registry, "may_revoke", lambda request: asyncio.sleep(60))
    answer = await browser.post("/auth/revoke-user", json={"username": "giles"}, headers=SIGNED)
    assert answer.status_code == 503


async def test_a_body_that_arrives_after_the_revocation_changes_nothing(admin, browser, monkeypatch):
    made = (await admin.post("/auth/tokens", json={"name": "n", "owner": "bob"})).json()
    admitted, go_on = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(Guard, "check_meant", lambda *_: admitted.set())

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name": '
        await go_on.wait()
        yield b'"mine"}'

    headers = {**bearer(made["token"]), "Content-Type": "application/json"}
    asking = asyncio.create_task(browser.post("/auth/tokens", content=slowly(), headers=headers))
    await admitted.wait()
    await admin.delete(f"/auth/tokens/{made['token_id']}")
    go_on.set()
    answer = await asking
    assert (answer.status_code, "meanwhile" in answer.json()["detail"]) == (401, True)


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[tuple[Authority, Database]]:
    database = await Database.open(databases.url_of(tmp_path))
    made = Authority(database)
    yield made, database
    await made.close()
    await database.close()


async def token(made: Authority, **more: Any) -> str:
    text, _ = await made.tokens.create("n", "bob", **{"is_admin": False, "scopes": (), "expires_at": None, **more})
    return text


async def test_a_session_and_a_token_that_are_being_made_end_with_their_user(held):
    made, database = held
    parent = await token(made)
    opening = asyncio.create_task(made.sign_in_here(parent))
    making = asyncio.create_task(token(made))
    await asyncio.sleep(0)  # both wait for the database now
    await made.revoke((), "bob")
    for task in (opening, making):
        with pytest.raises(Unauthorized):
            await task
    assert await database.sessions.all() == []
    assert all(row.revoked_at for row in await database.tokens.all())


async def test_a_clock_that_is_set_back_lengthens_no_token(held, monkeypatch):
    made, _ = held
    text = await token(made, expires_at=datetime.now(UTC) + timedelta(seconds=100))
    await made.authenticate(text)
    wall, running = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: wall() - 86400)
    monkeypatch.setattr(time, "monotonic", lambda: running() + 101)
    with pytest.raises(Unauthorized):
        await made.authenticate(text)


async def test_a_users_sessions_tickets_and_tokens_are_bounded(held, monkeypatch):
    made, database = held
    monkeypatch.setattr(sessions, "EACH", 3)
    parent = await token(made)
    texts = [(await made.sign_in_here(parent))[0] for _ in range(5)]
    assert len(await database.sessions.all()) == 3
    with pytest.raises(Unauthorized):
        await made.of_session(texts[0])
    who = await made.of_session(texts[-1])
    tickets = [made.ticket(who) for _ in range(authority.TICKETS_EACH + 1)]
    assert [made.is_ticket(one) for one in tickets] == [False] + [True] * authority.TICKETS_EACH
    monkeypatch.setattr(tokens, "MADE", 2)
    await made.revoke((tokens.token_hash(await token(made)),))
    with pytest.raises(Exception, match="the limit"):
        await token(made)


async def test_what_is_no_token_is_not_remembered_for_a_user(admin, browser, both):
    made = (await admin.post("/auth/tokens", json={"name": "n", "owner": "bob"})).json()
    answer = await browser.post("/auth/revoke", json={"token": "any text"}, headers=bearer(made["token"]))
    assert answer.json() == {"revoked": 0}
    answer = await browser.post("/auth/revoke", json={"token": "any text"}, headers=SIGNED)
    assert answer.json() == {"revoked": 0}


async def test_a_foreign_form_does_not_take_the_cookie_away(browser):
    for method in ("GET", "POST"):
        answer = await browser.request(method, "/logout", headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    answer = await browser.post("/logout", headers={"Origin": "https://evil.test"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


async def test_who_goes_to_sign_in_twice_is_sent_twice(browser):
    for _ in range(2):
        assert (await browser.get("/auth/start")).status_code == 303


async def test_a_browser_that_does_not_say_who_sent_it_is_sent_for_a_state(browser, registry, admin):
    page = {"Accept": "text/html,*/*;q=0.8"}
    answer = await browser.get("/auth", params={"auth_token": registry.person("t")}, headers=page)
    assert (answer.status_code, answer.headers["location"][:15]) == (303, "https://l2.test")
    assert registry.asked == []
    url = (await admin.post("/auth/login-address")).json()["url"]
    assert (await browser.get(url, headers=page)).headers["location"] == "/"
