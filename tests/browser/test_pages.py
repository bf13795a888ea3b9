"""Every page: on a phone and on a desk, with and without a session, by keyboard, and as errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Literal, NamedTuple

import httpx
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from browsers import chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page

from artdagd.api.app import SECTIONS
from artdagd.node import Node

LONG = "a-name-without-a-space-" * 10
RECIPE = (
    f"name: {LONG[:120]}\nversion: '1'\ninputs: {{{LONG[:60]}: {{type: video}}}}\n"
    f"steps: [{{id: {LONG[10:60]}, type: RESIZE, inputs: [{LONG[:60]}], config: {{width: 64, height: 32}}}}]\n"
    f"output: {LONG[10:60]}\n"
)
PAGES = (
    "/", "/auth", "/logout", "/docs", "/media", "/recipes", "/runs", "/workers", "/nodes", "/plugins", "/cache/{cid}",
    "/recipe/{recipe}", "/recipes/{recipe}", "/recipe/{recipe}/dag", "/run/{run}", "/runs/{run}", "/run/{run}/plan",
    "/run/{run}/analysis", "/run/{run}/artifacts", "/nothing", "/cache/nothing", "/media?kind=odd",
    "/recipes/new", "/recipe/{recipe}/edit", "/storage", "/storage/{provider}", "/storage/type/{type}", "/examples",
    "/run/{run}/compare",
)  # fmt: skip
MOST_BYTES = 250_000
WEIGHT = """performance.getEntriesByType("resource").filter(one => /\\.(js|css)$/.test(new URL(one.name).pathname))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)"""
"""Bytes of script and style that a page has loaded."""

WIDTH = "document.documentElement.scrollWidth"
NAMELESS = """[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, img")].filter(
    one => one.tagName == "IMG" ? one.alt == null
        : !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label"))
).map(one => one.outerHTML)"""

ON_A_PHONE = ("color-contrast", "link-in-text-block", "target-size")
"""Rules of axe about colours and places: the rest says the same in either scheme."""

ANONYMOUS = ("/", "/auth", "/docs")


class Look(NamedTuple):
    """What was seen of a page: ``widths`` that it takes in windows of 390 and 320 pixels, ``bytes`` of script and
    style, controls that are ``nameless``, its ``outline`` (headings of the first order, language), how many places are
    out of the order of the keyboard (``jumps``), and what axe says."""

    widths: list[int]
    bytes: int
    nameless: list[str]
    outline: list[Any]
    jumps: int
    faults: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("pages")
    async with running_node(folder / "home") as (node, person):
        cid = await person.upload(numbered_clip(folder / f"{LONG[:100]}.mp4", 5))
        await person.http.patch(f"/cache/{cid}/meta", json={"description": LONG, "tags": [LONG[:90]]})
        recipe = (await person.http.post("/recipes/upload", content=RECIPE)).json()["recipe_id"]
        run = await person.run(recipe=recipe, inputs={LONG[:60]: cid})
        assert run["status"] == "completed", run
        disk = {"type": "local", "name": LONG[:90], "config": {"path": str(folder / "disk")}}
        provider = (await person.http.post("/storage/add", json=disk)).json()["provider_id"]
        yield node, person, {"cid": cid, "recipe": recipe, "run": run["run_id"], "provider": provider, "type": "local"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(filled: tuple[Node, Person, dict[str, str]]) -> AsyncIterator[Page]:
    """Signed in."""
    _, person, _ = filled
    async with chromium() as browser:
        made = await (await browser.new_context()).new_page()
        made.set_default_timeout(30_000)
        await made.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield made


def test_every_page_is_looked_at():
    shown = {route.path for section in SECTIONS for route in section.routes if route.page}
    looked = {re.sub("{.*?}", "{}", path) for path in PAGES}
    assert {re.sub("{.*?}", "{}", path) for path in shown} <= looked


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def looks(filled: tuple[Node, Person, dict[str, str]], page: Page) -> dict[str, Look]:
    """Every page as it comes to a phone in the dark, then on a wider and lighter screen: each is loaded once."""
    node, _, names = filled
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
    found = {}
    for path in PAGES:
        await page.emulate_media(color_scheme="dark")
        await page.set_viewport_size({"width": 390, "height": 900})
        await page.goto(node.url + path.format(**names))
        widths = [await page.evaluate(WIDTH)]
        phone = await faults(page, ON_A_PHONE)
        await page.set_viewport_size({"width": 320, "height": 900})
        widths.append(await page.evaluate(WIDTH))
        await page.emulate_media(color_scheme="light")
        await page.set_viewport_size({"width": 1440, "height": 900})
        found[path] = Look(
            widths=widths,
            bytes=await page.evaluate(WEIGHT),
            nameless=await page.evaluate(NAMELESS),
            outline=await page.evaluate("[document.querySelectorAll('h1').length, document.documentElement.lang]"),
            jumps=await page.locator('[tabindex]:not([tabindex="0"], main)').count(),
            faults=phone + await faults(page),
        )
    assert said == []
    return found


async def faults(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core says against ``page``, by all its rules or by these: those of WCAG 2.2 and good practice."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    said = await Axe().run(page, options=options)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in said.response["violations"]]


def test_no_page_is_wider_than_its_window_or_heavy(looks: dict[str, Look]):
    for path, look in looks.items():
        assert look.widths[0] <= 390, path
        assert look.widths[1] <= 320, path
        assert look.bytes <= MOST_BYTES, path


def test_axe_finds_nothing(looks: dict[str, Look]):
    assert {path: look.faults for path, look in looks.items() if look.faults} == {}


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
async def test_axe_finds_nothing_by_any_rule(filled, page: Page, scheme: Literal["light", "dark"], width: int):
    node, _, names = filled
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for path in PAGES:
        await page.goto(node.url + path.format(**names))
        if said := await faults(page):
            found[path] = said
    assert found == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_every_control_has_a_name_and_is_reached_by_keyboard(filled, page: Page, looks: dict[str, Look]):
    node, _, names = filled
    for path, look in looks.items():
        assert look.nameless == [], path
        assert look.outline == [1, "en"], path
        assert look.jumps == 0, path
    await page.goto(f"{node.url}/recipe/{names['recipe']}")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.innerText") == "Skip to the page"
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.innerText") == "Run" and not await page.evaluate(
            "!!document.activeElement.href"
        ):
            break
    else:
        pytest.fail("the button Run is not reached")


@pytest.mark.asyncio(loop_scope="module")
async def test_who_is_not_signed_in_is_told_how_and_comes_back(filled, page: Page):
    node, _, names = filled
    assert page.context.browser
    context = await page.context.browser.new_context(java_script_enabled=False)
    stranger = await context.new_page()
    for path in PAGES:
        if path not in ANONYMOUS and path not in ("/nothing", "/logout"):
            answer = await stranger.goto(node.url + path.format(**names))
            assert answer, path
            assert answer.status == 401, path
            assert "artdagctl login" in await stranger.inner_text("main")
    await stranger.goto(f"{node.url}/media?kind=video")
    await stranger.get_by_label("Token of this node").fill("wrong")
    await stranger.get_by_role("button", name="Sign in").click()
    assert "Not signed in" in await stranger.inner_text("h1")
    await stranger.goto(f"{node.url}/media?kind=video")
    token = (node.settings.home / "admin-token").read_text().strip()
    await stranger.get_by_label("Token of this node").fill(token)
    await stranger.get_by_role("button", name="Sign in").click()
    assert stranger.url == f"{node.url}/media?kind=video"
    await stranger.get_by_role("button", name="Sign out").click()
    assert (await stranger.goto(f"{node.url}/media")).status == 401  # type: ignore[union-attr]
    await context.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_program_gets_json_and_a_person_the_page(filled):
    _, person, names = filled
    for path in PAGES:
        address = path.format(**names)
        for accept in ("*/*", "", "application/json", "application/json, text/html", "image/*", "text/html;q=0.1, */*"):
            answer = await person.http.get(address, headers={"Accept": accept})
            kind = answer.headers.get("content-type", "").partition(";")[0]  # a redirect has none
            if path not in ("/docs", "/logout"):
                assert kind in ("application/json", "application/problem+json"), (path, accept)
                assert "Accept" in answer.headers["vary"]
        for accept in ("text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"):
            answer = await person.http.get(address, headers={"Accept": accept})
            if path != "/logout":  # a token has no session to end
                assert answer.headers["content-type"] == "text/html; charset=utf-8", path
                assert answer.headers["vary"] == "Accept, Cookie, HX-Request"
    answer = await person.http.get(f"/api/run/{names['run']}", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/json"
    answer = await person.http.get("/api/run/nothing", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_deleted_and_described_by_forms_is_checked_like_the_rest(filled):
    _, person, names = filled
    http: httpx.AsyncClient = person.http
    said = {"title": "x" * 301}
    answer = await http.post(f"/cache/{names['cid']}/meta", data=said)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (400, "title")
    answer = await http.post(f"/cache/{names['cid']}/meta", data={"tags": ",".join(map(str, range(101)))})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (400, "tags")
    answer = await http.post(f"/runs/{names['run']}/delete", data={"odd": "1"})
    assert (answer.status_code, "'odd'" in answer.text) == (400, True)
    for body in ({"json": {}}, {"content": b""}, {"files": {"file": b"x"}}):
        answer = await http.post(f"/runs/{names['run']}/delete", **body)
        assert answer.status_code == 415, answer.text
    assert (await http.get(f"/runs/{names['run']}")).status_code == 200
