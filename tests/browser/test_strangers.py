"""F9: a page of another origin can't act through the browser of one who is signed in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import Browser, BrowserContext, Page, Request, Route

from artdagd.api.app import SECTIONS
from artdagd.api.routes import FORM, MULTIPART
from artdagd.node import Node

UNSAFE = [route for section in SECTIONS for route in section.routes if route.method == "POST"]
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
RECIPE = b"name: x\nversion: '1'\ninputs: {}\nsteps: [{id: a, type: GENERATE, config: {duration: 1}}]\noutput: a\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, Browser]]:
    home = tmp_path_factory.mktemp("strangers") / "home"
    async with running_node(home, workers=0) as (node, person), chromium() as browser:
        yield node, person, browser


def stated(figure: str) -> int:
    """What docs/operations.md says was tried."""
    (found,) = re.findall(rf"^\| F9 .*\| {figure} \|", OPERATIONS.read_text(), re.MULTILINE)
    return int(found)


async def signed_in(browser: Browser, person: Person) -> BrowserContext:
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(20_000)
    await page.goto((await person.http.post("/auth/login-address")).json()["url"])
    await page.close()
    return context


async def cookies(context: BrowserContext) -> dict[str, str]:
    return {one["name"]: one["value"] for one in await context.cookies()}


async def foreign(context: BrowserContext, html: str) -> Page:
    """A page of another origin."""
    page = await context.new_page()
    page.set_default_timeout(20_000)

    async def serve(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    await page.route("http://elsewhere.test/", serve)
    await page.goto("http://elsewhere.test/")
    return page


async def left(person: Person) -> list[int]:
    """How many things there are, of every kind."""
    paths = ("/media", "/recipes", "/runs")
    return [(await person.http.get(path)).json()["total"] for path in paths]


@pytest.mark.asyncio(loop_scope="module")
async def test_no_form_of_another_origin_is_taken(both: tuple[Node, Person, Browser]):
    node, person, browser = both
    recipe = (await person.http.post("/recipes/upload", content=RECIPE)).json()["recipe_id"]
    cid = (await person.http.post("/cache/upload", files={"file": b"hello"})).json()["cid"]
    run = (await person.start(recipe=recipe))["run_id"]
    before = await left(person)
    context = await signed_in(browser, person)
    session = await cookies(context)
    names = {
        "cid": cid,
        "recipe_id": recipe,
        "run_id": run,
        "token_id": "x",
        "provider_id": "x",
        "step_id": "a",
        "name": "x",
    }
    targets = [(route.path.format_map(names), kind) for route in UNSAFE for kind in (FORM, MULTIPART, "text/plain")]
    html = "".join(
        f'<iframe name=f{at}></iframe><form method=post target=f{at} action="{node.url}{path}" enctype="{kind}">'
        "<input name=file value=x></form>"
        for at, (path, kind) in enumerate(targets)
    )
    page = await foreign(context, html)
    answers: list[tuple[str, int]] = []
    over: list[str] = []
    done = asyncio.Event()

    def note(asked: Request) -> None:
        if asked.method == "POST":
            over.append(asked.url)
            if len(over) == len(targets):
                done.set()

    page.on("response", lambda got: answers.append((got.url, got.status)) if got.request.method == "POST" else None)
    page.on("requestfinished", note)
    page.on("requestfailed", note)  # read, and not shown in a frame
    await page.evaluate("for (const form of document.forms) form.submit()")
    await asyncio.wait_for(done.wait(), 60)
    assert len(UNSAFE) >= stated(r"3 × (\d+) \+ 5")
    # Browsers keep the cookie to themselves here (SameSite), so that it is nobody who asks.
    assert [answer for answer in answers if answer[1] < 400] == []
    assert await left(person) == before
    assert await cookies(context) == session
    assert (await (await context.new_page()).goto(f"{node.url}/media")).status == 200  # type: ignore[union-attr]
    await context.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_cookie_alone_proves_nothing(both: tuple[Node, Person, Browser]):
    """What SameSite stops in a browser is refused without it too: whatever the origin, no change without the proof."""
    node, person, browser = both
    assert sum(route.scope is not None for route in UNSAFE) >= stated(r"9 × (\d+)")
    before = await left(person)
    context = await signed_in(browser, person)
    names = {"cid": "bafkqaaa", "recipe_id": "x", "run_id": "x", "token_id": "x", "provider_id": "x", "step_id": "a"}
    bodies: tuple[dict[str, object], ...] = (
        {"data": {"a": "b"}},
        {"data": {"csrf_token": "0" * 64}},
        {"files": {"file": b"x"}},
        {"files": {"file": b"x"}, "data": {"csrf_token": "0" * 64}},
        {"json": {}},
        {"content": b"x", "headers": {"Content-Type": "text/plain"}},
    )
    async with httpx.AsyncClient(base_url=node.url, cookies=await cookies(context), trust_env=False) as browser_like:
        for route in UNSAFE:
            if route.scope is None:
                continue
            path = re.sub("{(.*?)}", lambda found: names.get(found[1], "x"), route.path)
            origins = ({}, {"Origin": "http://elsewhere.test"}, {"Origin": "null"})
            ways = [(body, {"Origin": node.url}) for body in bodies] + [(bodies[0], origin) for origin in origins]
            for body, origin in ways:
                sent = {**body, "headers": {**body.get("headers", {}), **origin}}  # type: ignore[dict-item]
                answer = await browser_like.post(path, **sent)  # type: ignore[arg-type]
                assert answer.status_code in (400, 403, 415), (path, sent, answer.status_code, answer.text)
                if answer.status_code == 400:  # the file's form was no form, and nothing of it was kept
                    assert "form" in answer.text, (path, sent, answer.text)
    assert await left(person) == before
    await context.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_proof_stands_before_the_file(both: tuple[Node, Person, Browser], tmp_path: Path):
    node, person, browser = both
    context = await signed_in(browser, person)
    async with httpx.AsyncClient(base_url=node.url, cookies=await cookies(context), trust_env=False) as browser_like:
        proof = (await browser_like.get("/auth/session")).json()["csrf_token"]

        async def send(*parts: tuple[str, str, str]) -> httpx.Response:
            text = "".join(
                f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
                for name, more, value in parts
            )
            return await browser_like.post(
                "/cache/upload",
                content=f"{text}--b--\r\n",
                headers={"Content-Type": "multipart/form-data; boundary=b", "Accept": "text/html"},
            )

        file, good = ("file", '; filename="a.txt"', "proof test"), ("csrf_token", "", proof)
        before = await left(person)
        assert (await send(file, good)).status_code == 403
        assert (await send(("csrf_token", "", proof[:-1]), file)).status_code == 403
        assert (await send(("file", '; filename=""', ""), good)).status_code == 403
        assert await left(person) == before
        answer = await send(good, ("file", '; filename=""', ""))
        assert (answer.status_code, "no file was chosen" in answer.text) == (400, True)
        answer = await send(good, file)
        assert (answer.status_code, answer.headers["location"][:7]) == (303, "/cache/")
    await context.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stranger_logs_nobody_in_or_out(both: tuple[Node, Person, Browser]):
    node, person, browser = both
    context = await signed_in(browser, person)
    session = await cookies(context)
    ticket = (await person.http.post("/auth/login-address")).json()["url"]
    token = (node.settings.home / "admin-token").read_text().strip()
    pages = (
        f'<a href="{node.url}/logout">x</a>',
        f'<a href="{ticket}">x</a>',
        f'<img src="{node.url}/logout"><img src="{ticket}"><a href="{node.url}/docs">x</a>',
        f'<form method=post action="{node.url}/logout"><button>x</button></form>',
        f'<form method=post action="{node.url}/auth"><input name=token value="{token}"><button>x</button></form>',
    )
    for html in pages:
        page = await foreign(context, html)
        await page.locator("a, button").click()
        await page.wait_for_url(f"{node.url}/**")
        await page.close()
        assert await cookies(context) == session, html
    assert (await (await context.new_page()).goto(f"{node.url}/media")).status == 200  # type: ignore[union-attr]
    await context.close()
