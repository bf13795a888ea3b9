"""Signing in with the identity provider's token, the session that it opens, and how that ends."""

from __future__ import annotations

import asyncio
import hashlib
import time

import httpx
import pytest

from artdagd.auth import authority

pytestmark = pytest.mark.database

CROSS = {"Sec-Fetch-Site": "cross-site"}
SIGNED = {"Signature": "of the registry"}


async def sign_in(browser: httpx.AsyncClient, token: str) -> None:
    answer = await browser.get("/auth", params={"auth_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text


async def csrf(browser: httpx.AsyncClient) -> dict[str, str]:
    return {"X-CSRF-Token": (await browser.get("/auth/session")).json()["csrf_token"]}


async def test_a_token_opens_a_session_and_leaves_a_clean_address(browser, registry):
    answer = await browser.get("/auth", params={"auth_token": registry.person("t" * 43)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "t" * 43 not in str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    session = (await browser.get("/auth/session")).json()
    assert (session["user"], session["is_admin"]) == ("@giles@l2.test", False)
    assert 3500 < session["expires_in"] <= 3600


async def test_a_token_is_good_once(browser, registry):
    await sign_in(browser, registry.person("once"))
    for _ in range(100):
        answer = await browser.get("/auth", params={"auth_token": "once"})
        assert answer.status_code == 401
    assert registry.asked == ["once"]


async def test_two_at_once_with_one_token_open_one_session(browser, registry):
    registry.person("race")
    answers = await asyncio.gather(*(browser.get("/auth", params={"auth_token": "race"}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [303] + [401] * 9


@pytest.mark.parametrize("expires", [-1.0, 0.0, float("nan"), float("-inf")])
async def test_a_sign_in_that_is_over_is_refused(browser, registry, expires):
    registry.person("over", seconds=expires)
    assert (await browser.get("/auth", params={"auth_token": "over"})).status_code == 401


@pytest.mark.parametrize("name", ["giles", "admin", "", "@" + "x" * 300, "@a\n@b"])
async def test_what_is_no_name_of_a_person_is_refused(browser, registry, name):
    registry.person("name", name=name)
    assert (await browser.get("/auth", params={"auth_token": "name"})).status_code == 401


async def test_a_provider_that_is_away_is_told_of(browser, registry):
    registry.away = True
    answer = await browser.get("/auth", params={"auth_token": registry.person("later")})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    registry.away = False
    await sign_in(browser, "later")


async def test_nobody_is_sent_to_a_provider_that_is_away(browser, registry):
    registry.away = True
    for path, headers in (("/auth/start", {}), ("/auth?auth_token=x", CROSS)):
        answer = await browser.get(path, headers={"Accept": "text/html", **headers})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert "l2.test can&#39;t be reached" in answer.text
        assert not browser.cookies
    registry.away = False
    assert (await browser.get("/auth/start")).status_code == 303


async def test_sessions_go_on_while_the_provider_is_away(browser, registry):
    await sign_in(browser, registry.person("here"))
    registry.away = True
    assert (await browser.get("/runs")).status_code == 200


async def test_a_browser_sent_by_another_page_is_sent_for_a_state_first(browser, registry):
    registry.person("theirs", name="@mallory@l2.test")
    answer = await browser.get("/auth", params={"auth_token": "theirs"}, headers=CROSS)
    assert answer.status_code == 303
    assert registry.asked == []  # the stranger's token is dropped
    state = httpx.URL(answer.headers["location"]).params["state"]
    answer = await browser.get("/auth", params={"auth_token": registry.person("mine"), "state": state}, headers=CROSS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert registry.states == {"mine": state}
    assert (await browser.get("/auth/session")).json()["user"] == "@giles@l2.test"
    assert (await browser.get("/auth", params={"auth_token": "x", "state": state})).status_code == 403  # once


async def test_a_state_of_another_browser_is_refused(browser, registry):
    await browser.get("/auth/start")
    answer = await browser.get("/auth", params={"auth_token": registry.person("t"), "state": "another"}, headers=CROSS)
    assert answer.status_code == 403
    assert registry.asked == []


async def test_a_provider_that_drops_the_state_is_no_endless_road(browser, registry):
    registry.person("t")
    first = await browser.get("/auth", params={"auth_token": "t"}, headers=CROSS)
    again = await browser.get("/auth", params={"auth_token": "t"}, headers=CROSS)
    assert (first.status_code, again.status_code) == (303, 403)
    assert "without the state" in again.json()["detail"]


async def test_a_change_by_a_browser_needs_own_origin_and_proof(browser, registry):
    await sign_in(browser, registry.person("t"))
    proof = await csrf(browser)
    own = str(browser.base_url).rstrip("/")
    bad = [
        {}, {"Origin": own}, {**proof, "Origin": "https://evil.test"}, {**proof, "Origin": "null"}, {**proof, **CROSS},
        {**proof, "Sec-Fetch-Site": "same-site"}, {"X-CSRF-Token": "0" * 64}, {**proof, "Origin": own + "0"},
    ]  # fmt: skip
    for headers in bad:
        answer = await browser.post("/recipes/upload", content=b"x", headers=headers)
        assert answer.status_code == 403, headers
    for headers in (proof, {**proof, "Origin": own}, {**proof, "Sec-Fetch-Site": "same-origin"}):
        answer = await browser.post("/recipes/upload", content=b"x", headers=headers)
        assert answer.status_code == 422, headers


async def test_logging_out_ends_the_session(browser, registry):
    await sign_in(browser, registry.person("t"))
    held = dict(browser.cookies)
    assert (await browser.get("/logout", headers=CROSS)).status_code == 403
    assert (await browser.post("/logout")).status_code == 403
    assert (await browser.get("/auth/session")).status_code == 200
    assert (await browser.get("/logout")).headers["location"] == "/"
    browser.cookies.clear()
    answer = await browser.get("/runs", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in held.items())})
    assert answer.status_code == 401


async def test_the_provider_revokes_by_signature_and_nobody_else(browser, registry):
    await sign_in(browser, registry.person("t"))
    by_hash = {"token_hash": hashlib.sha256(b"t").hexdigest()}
    async with httpx.AsyncClient(base_url=browser.base_url, trust_env=False) as stranger:
        for path, body in (("/auth/revoke", by_hash), ("/auth/revoke-user", {"username": "giles"})):
            assert (await stranger.post(path, json=body)).status_code == 401
            assert (await stranger.post(path, json=body, headers={"Signature": "forged"})).status_code == 401
        assert (await browser.get("/runs")).status_code == 200
        answer = await stranger.post("/auth/revoke", json=by_hash, headers=SIGNED)
        assert (answer.status_code, answer.json()) == (200, {"revoked": 1})
        assert (await browser.get("/runs")).status_code == 401
        await sign_in(browser, registry.person("u"))
        answer = await stranger.post("/auth/revoke-user", json={"username": "giles"}, headers=SIGNED)
        assert answer.json() == {"revoked": 1}
        assert (await browser.get("/runs")).status_code == 401
        answer = await stranger.post("/auth/revoke-user", json={"username": "ad min"}, headers=SIGNED)
        assert answer.status_code == 403  # none of its own


async def test_what_was_revoked_before_it_was_used_opens_nothing(browser, registry):
    registry.person("t")
    await browser.post("/auth/revoke", json={"token_hash": hashlib.sha256(b"t").hexdigest()}, headers=SIGNED)
    assert (await browser.get("/auth", params={"auth_token": "t"})).status_code == 401


async def test_revoking_ends_open_event_streams(browser, registry, both, examples):
    person = both[1]
    await sign_in(browser, registry.person("t"))
    text = (examples / "beat-sync.yaml").read_bytes()
    proof = await csrf(browser)
    recipe = (await browser.post("/recipes/upload", content=text, headers=proof)).json()
    clip = examples / "media" / "bunny.mp4"
    upload = await browser.post("/cache/upload", files={"file": ("a.mp4", clip.read_bytes())}, headers=proof)
    cid = upload.json()["cid"]
    body = {"recipe": recipe["recipe_id"], "inputs": {"video": cid, "audio": cid}}
    run = (await browser.post("/runs", json=body, headers=proof)).json()  # waits: there are no workers
    opened, closed = asyncio.Semaphore(0), []

    async def follow() -> None:
        async with browser.stream("GET", f"/api/run/{run['run_id']}/events") as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_raw():
                opened.release()
        closed.append(time.monotonic())

    listeners = [asyncio.create_task(follow()) for _ in range(20)]
    for _ in listeners:
        await opened.acquire()
    began = time.monotonic()
    assert (await person.http.post("/auth/revoke-user", json={"username": "@giles@l2.test"})).json() == {"revoked": 1}
    async with asyncio.timeout(5):
        await asyncio.gather(*listeners)
    assert max(closed) - began < 5


async def test_sessions_survive_a_restart_and_expire(browser, registry, both, monkeypatch):
    await sign_in(browser, registry.person("t", seconds=30))
    who = both[0]
    monkeypatch.setattr(time, "time", lambda real=time.time: real() + 31)
    assert (await browser.get("/runs")).status_code == 401
    assert who.ready


async def test_a_login_address_signs_in_once(browser, admin):
    made = (await admin.post("/auth/login-address")).json()
    assert made["expires_in"] == authority.TICKET_SECONDS
    path = made["url"].removeprefix(str(browser.base_url).rstrip("/"))
    assert (await browser.get(path)).status_code == 303
    assert (await browser.get("/auth/session")).json()["is_admin"]
    assert (await browser.get(path)).status_code == 401


async def test_a_token_of_the_node_signs_a_browser_in(browser, admin):
    token = admin.headers["authorization"].removeprefix("Bearer ")
    answer = await browser.post("/auth", json={"token": token}, headers={"Origin": "https://evil.test"})
    assert answer.status_code == 403
    answer = await browser.post("/auth", data={"token": token, "next": "/runs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    assert (await browser.get("/runs")).status_code == 200
    for path in ("//evil.test", "https://evil.test", "/\\evil.test", "runs", "/a b"):
        answer = await browser.post("/auth", json={"token": token, "next": path})
        assert answer.status_code == 400, path


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "", "a b", "8.8.8.8", "[::g]"]
)
async def test_another_host_name_is_refused(browser, host):
    answer = await browser.get("/healthz", headers={"Host": host})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:99", "[::1]:8100", "127.1.2.3"])
async def test_names_of_this_machine_are_known(browser, host):
    assert (await browser.get("/healthz", headers={"Host": host})).status_code == 200
