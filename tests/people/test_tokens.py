"""Tokens that users make: no stronger than their maker, with an end, and wrong ones only so often."""

from __future__ import annotations

import httpx
import pytest

from artdagd.auth import attempts

pytestmark = pytest.mark.database


@pytest.fixture
async def make(admin, browser):
    async def made(**body: object) -> dict[str, object]:
        answer = await admin.post("/auth/tokens", json={"name": "n", **body})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return made


def bearer(made: dict[str, object]) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['token']}"}


async def test_a_token_can_do_what_its_scopes_say(browser: httpx.AsyncClient, make):
    reader = bearer(await make(scopes=["read"]))
    assert (await browser.get("/runs", headers=reader)).status_code == 200
    answer = await browser.post("/recipes/upload", content=b"x", headers=reader)
    assert answer.status_code == 403
    assert "'write'" in answer.json()["detail"]
    answer = await browser.post("/auth/tokens", json={"name": "m"}, headers=reader)
    assert answer.status_code == 403


async def test_a_token_hands_on_no_more_than_it_has(browser, make):
    narrow = bearer(await make(owner="bob", scopes=["read", "write"], expires_in=100))
    for scopes in (["publish"], ["admin"]):
        answer = await browser.post("/auth/tokens", json={"name": "m", "scopes": scopes}, headers=narrow)
        assert answer.status_code == 403
    answer = await browser.post("/auth/tokens", json={"name": "m", "owner": "admin"}, headers=narrow)
    assert answer.status_code == 403
    answer = await browser.post("/auth/tokens", json={"name": "m", "scopes": ["sudo"]}, headers=narrow)
    assert (answer.status_code, "sudo" in answer.json()["detail"]) == (400, True)
    made = (await browser.post("/auth/tokens", json={"name": "m"}, headers=narrow)).json()
    assert (made["owner"], made["scopes"], made["is_admin"]) == ("bob", ["read", "write"], False)
    assert made["expires_at"] is not None


async def test_lists_show_no_texts_and_only_ones_own(browser, admin, make):
    bob = await make(owner="bob")
    mine = (await browser.get("/auth/tokens", headers=bearer(bob))).json()["items"]
    assert [one["token_id"] for one in mine] == [bob["token_id"]]
    everybody = (await admin.get("/auth/tokens")).text
    assert bob["token_id"] in everybody
    assert bob["token"] not in everybody
    for one in (await admin.get("/auth/tokens")).json()["items"]:
        if one["owner"] == "admin":
            answer = await browser.delete(f"/auth/tokens/{one['token_id']}", headers=bearer(bob))
            assert answer.status_code == 404


async def test_a_revoked_token_is_refused_at_once(browser, admin, make):
    by_id, by_text = await make(owner="bob"), await make(owner="bob")
    assert (await admin.delete(f"/auth/tokens/{by_id['token_id']}")).status_code == 204
    assert (await browser.get("/runs", headers=bearer(by_id))).status_code == 401
    answer = await browser.post("/auth/revoke", json={"token": by_text["token"]}, headers=bearer(by_text))
    assert answer.json() == {"revoked": 1}
    assert (await browser.get("/runs", headers=bearer(by_text))).status_code == 401


async def test_a_session_ends_with_the_token_that_it_rests_on(browser, admin, make):
    made = await make(owner="bob")
    await browser.post("/auth", json={"token": made["token"]})
    assert (await browser.get("/runs")).status_code == 200
    await admin.delete(f"/auth/tokens/{made['token_id']}")
    assert (await browser.get("/runs")).status_code == 401


async def test_a_flood_of_wrong_tokens_is_slowed_and_right_ones_are_not(browser, admin):
    wrong = {"Authorization": "Bearer artdag_wrong"}
    answers = [await browser.get("/runs", headers=wrong) for _ in range(attempts.MOST + 2)]
    assert [answer.status_code for answer in answers[: attempts.MOST]] == [401] * attempts.MOST
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["retry-after"]) <= attempts.WINDOW
    assert (await admin.get("/runs")).status_code == 200
