"""Signing in at the registry and, through it, at a node."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from fake_nodes import fake_node
from registries import PASSWORD, csrf, running_registry


def token_in(location: str) -> str:
    return parse_qs(urlsplit(location).query)["auth_token"][0]


async def test_attach_gives_a_token_that_the_node_can_use_once(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            location = await registry.attach(browser, node.url)
            assert location.startswith(f"{node.url}/auth?auth_token=")
            said = (await node.verify(registry.url, token_in(location))).json()
            assert said.pop("expires_at").endswith("Z")
            assert said == {
                "active": True,
                "username": "anna",
                "domain": "art.example",
                "actor": f"{registry.url}/users/anna",
                "audience": node.url,
                "state": None,
                "scopes": ["read", "write", "publish"],
            }
            for _ in range(3):
                assert (await node.verify(registry.url, token_in(location))).json() == {"active": False}
            assert "1 session of yours" in (await browser.get("/renderers")).text


async def test_a_node_that_was_approved_is_answered_at_once_with_a_token_for_its_state(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        asked = "/attach?" + urlencode({"renderer": node.url, "state": "state-of-this-browser"})
        async with registry.signed_in("anna") as browser:
            await registry.attach(browser, node.url)
            answer = await browser.get(asked)
            assert answer.status_code == 303
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
            assert query["state"] == ["state-of-this-browser"]
            token = query["auth_token"][0]
            for state in (None, "another-state", ""):
                assert (await node.verify(registry.url, token, state)).json() == {"active": False}
            assert (await node.verify(registry.url, token, "state-of-this-browser")).json()["active"] is True


async def test_a_node_that_was_not_approved_is_asked_about_after_logging_in(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        asked = "/attach?" + urlencode({"renderer": node.url, "state": "abcdefgh&<x>"})
        async with registry.visitor() as browser:
            to_login = await browser.get(asked)
            login = to_login.headers["Location"]
            assert login.startswith("/login?next=%2Fattach")
            following = parse_qs(urlsplit(login).query)["next"][0]
            form = {
                "username": "Anna",
                "password": PASSWORD,
                "csrf_token": await csrf(browser, login),
                "next": following,
            }
            on = await browser.post("/login", data=form)
            page = await browser.get(on.headers["Location"])
            assert page.status_code == 200
            assert f"Attach to {node.url.partition('://')[2]}?" in page.text
            assert "&amp;&lt;x&gt;" in page.text
            # Chromium holds form-action against the redirect that answers a form.
            assert f"form-action 'self' {node.url};" in page.headers["Content-Security-Policy"]
            proof = await csrf(browser, asked)
            confirmed = await browser.post(
                "/attach", data={"renderer": node.url, "state": "abcdefgh&<x>", "csrf_token": proof}
            )
            assert parse_qs(urlsplit(confirmed.headers["Location"]).query)["state"] == ["abcdefgh&<x>"]
            assert (await browser.get(asked)).status_code == 303


async def test_nobody_is_sent_to_a_node_that_is_not_registered(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        wrong = [
            *("https://evil.example", f"{node.url}/", f"{node.url}.evil.example", f"{node.url}@evil.example", ""),
            *(f"{node.url}/ap", node.url.upper(), f" {node.url}", f"{node.url}\n", "//evil.example", "javascript:x"),
        ]
        async with registry.signed_in("anna") as browser:
            proof = await csrf(browser, "/renderers")
            for url in wrong:
                answers = [
                    await browser.get("/attach?" + urlencode({"renderer": url, "state": "12345678"})),
                    await browser.post("/renderers/attach", data={"renderer": url, "csrf_token": proof}),
                    await browser.post("/attach", data={"renderer": url, "state": "12345678", "csrf_token": proof}),
                ]
                assert [answer.status_code for answer in answers] == [404] * 3, url
                assert not any("Location" in answer.headers for answer in answers)


@pytest.mark.parametrize("following", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y", "x"])
async def test_log_in_leads_to_a_page_of_the_registry_alone(tmp_path: Path, following: str) -> None:
    async with running_registry(tmp_path) as registry, registry.visitor() as browser:
        assert (await browser.get("/login", params={"next": following})).status_code == 400


async def test_forms_and_errors_are_in_words_that_people_and_their_browsers_know(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, registry.visitor() as browser:
        form = (await browser.get("/login")).text
        assert 'name="username" type="text" value="" autocomplete="username"' in form
        assert 'name="password" type="password" autocomplete="current-password"' in form
        assert '<link rel="icon" href="/static/favicon.svg"' in form
        assert (await browser.get("/static/favicon.svg")).headers["content-type"].startswith("image/svg+xml")
        for accepted in ("text/html", "application/json"):
            answer = await browser.get("/nowhere", headers={"Accept": accepted})
            assert (answer.status_code, "nothing has this address here" in answer.text) == (404, True)


async def test_logging_in_takes_the_right_password_and_a_form_of_ours(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry:
        await registry.add_user("anna")
        async with registry.visitor() as browser, registry.visitor() as other:
            proof = await csrf(browser, "/login")
            good = {"username": "anna", "password": PASSWORD, "csrf_token": proof}
            await csrf(other, "/login")
            refused = [
                await browser.post("/login", data=good | {"password": "wrong password"}),
                await browser.post("/login", data=good | {"username": "nobody"}),
                await browser.post("/login", data=good | {"csrf_token": ""}),
                await browser.post("/login", data=good, headers={"Origin": "https://evil.example"}),
                await browser.post("/login", data=good, headers={"Origin": "null"}),
                await browser.post("/login", data=good, headers={"Sec-Fetch-Site": "cross-site"}),
                await other.post("/login", data=good),
            ]
            assert [answer.status_code for answer in refused] == [403] * 7
            assert not any("session" in answer.headers.get("Set-Cookie", "") for answer in refused)
            assert (await browser.post("/login", data=good)).status_code == 303
            assert "@anna" in (await browser.get("/")).text


async def test_guessing_is_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artdagd_federation_l2.registry.attempts.MOST", 3)
    async with running_registry(tmp_path) as registry:
        await registry.add_user("anna")
        async with registry.visitor() as browser:
            form = {"username": "anna", "password": "wrong password", "csrf_token": await csrf(browser, "/login")}
            answers = [await browser.post("/login", data=form) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [403, 403, 403, 429, 429]
            assert int(answers[-1].headers["Retry-After"]) > 0
            assert (await browser.post("/login", data=form | {"password": PASSWORD})).status_code == 429


async def test_forms_of_other_pages_do_nothing(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            proof = await csrf(browser, "/renderers")
            for path in ("/renderers/attach", "/renderers/detach", "/attach", "/logout"):
                form = {"renderer": node.url, "state": "12345678"}
                elsewhere = {"Origin": "https://evil.example"}
                assert (await browser.post(path, data=form)).status_code == 403
                assert (await browser.post(path, data=form | {"csrf_token": "0" * 64})).status_code == 403
                answer = await browser.post(path, data=form | {"csrf_token": proof}, headers=elsewhere)
                assert answer.status_code == 403
            assert (await browser.get("/attach", params=form)).status_code == 200
            assert "Log out" in (await browser.get("/")).text


async def test_cookies_are_for_this_registry_alone(tmp_path: Path) -> None:
    async with running_registry(tmp_path / "plain") as registry:
        await registry.add_user("anna")
        async with registry.signed_in("anna") as browser:
            (name,) = [one.name for one in browser.cookies.jar]
            assert name == f"artdag_registry_session_{urlsplit(registry.url).port}"
    async with running_registry(tmp_path / "tls", public_url="https://l2.example") as registry:
        here = (tmp_path / "tls" / "address").read_text().strip()
        async with httpx.AsyncClient(base_url=here, trust_env=False, headers={"Host": "l2.example"}) as browser:
            cookie = (await browser.get("/login")).headers["Set-Cookie"]
            assert cookie.startswith("__Host-artdag_registry_visit=")
            for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
                assert part in cookie
            assert "Domain" not in cookie


async def test_every_answer_is_guarded_and_another_host_gets_none(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, registry.visitor() as browser:
        for path in ("/", "/login", "/renderers", "/nothing", "/static/registry.css", "/auth/revocations"):
            answer = await browser.get(path)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert "script" not in answer.text
        for host in ("evil.example", "localhost.evil.example", "", "[::1", "203.0.113.9"):
            assert (await browser.get("/", headers={"Host": host})).status_code == 421, host


async def test_names_of_nodes_are_shown_as_text(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        node.actor = node.described(name="<script>alert(1)</script>\u202e\x00\n" + "x" * 500)
        async with registry.signed_in("anna") as browser:
            await node.verify(registry.url, token_in(await registry.attach(browser, node.url)))
            page = (await browser.get("/renderers")).text
            assert "&lt;script&gt;alert(1)&lt;/script&gt; xxx" in page
            assert "<script" not in page
            assert "\u202e" not in page
            assert "x" * 101 not in page
