"""Going from page to page with script: in place, with addresses, back and forward."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import Page, Route, expect

from artdagd.node import Node

RECIPE = "name: {name}\nversion: '1'\ninputs: {{clip: {{type: video}}}}\n" + (
    "steps: [{{id: small, type: RESIZE, inputs: [clip], config: {{width: 64, height: 32}}}}]\noutput: small\n"
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, Page, list[str]]]:
    """A node without workers, with two recipes; a page that is signed in, and what its console says."""
    async with (
        running_node(tmp_path_factory.mktemp("moving") / "home", workers=0) as (node, person),
        chromium() as browser,
    ):
        for name in ("first", "second"):
            await person.http.post("/recipes/upload", content=RECIPE.format(name=name))
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(30_000)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield node, person, page, said


async def test_pages_follow_each_other_without_being_loaded(place):
    node, _, page, said = place
    said.clear()
    await page.evaluate("window.same = true")
    await page.get_by_role("link", name="Recipes", exact=True).click()
    await expect(page).to_have_url(f"{node.url}/recipes")
    await expect(page).to_have_title("Recipes · artdagd")
    assert await page.evaluate("document.activeElement.id") == "main"
    await page.get_by_role("link", name="first").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("first")
    await expect(page.locator("nav [aria-current]")).to_have_text("Recipes")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recipes")
    await page.go_forward()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("first")
    await expect(page).to_have_title("first · artdagd")
    assert await page.evaluate("window.same")
    assert said == []


async def test_a_link_that_is_drawn_anew_while_its_page_comes_still_gives_it_an_address(place):
    node, _, page, _ = place
    held: list[Route] = []
    await page.goto(f"{node.url}/recipes")
    await page.route("**/recipe/*", lambda route: held.append(route))
    link = page.get_by_role("link", name="first")
    await link.click()
    await link.evaluate("link => htmx.swap(link.parentElement, link.parentElement.outerHTML, {swapStyle: 'outerHTML'})")
    async with asyncio.timeout(30):
        while not held:
            await asyncio.sleep(0.05)
    await held[0].continue_()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("first")
    await expect(page).to_have_url(re.compile("/recipe/"))
    await page.unroute("**/recipe/*")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recipes")


async def test_a_refused_form_keeps_what_was_filled_in(place):
    node, _, page, _ = place
    await page.goto(f"{node.url}/recipes")
    await page.get_by_role("link", name="first").click()
    await page.locator("form.live").wait_for()  # its fields are moved before: what is typed just then goes nowhere
    await page.get_by_label("its CID").fill("nonsense")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator("form .problem")).to_contain_text("nonsense")
    assert (await page.locator("form .problem").inner_text()).count("nonsense") == 1
    assert await page.get_by_label("its CID").input_value() == "nonsense"
    assert await page.evaluate("document.activeElement.className") == "problem"


async def test_what_is_not_there_is_a_page(place):
    node, person, page, _ = place
    await page.goto(f"{node.url}/recipes")
    await person.http.delete("/recipes/second")
    await page.get_by_role("link", name="second").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("404")


async def test_what_is_no_page_is_left_to_the_browser(place):
    node, _, page, _ = place
    await page.goto(f"{node.url}/docs")
    async with page.expect_navigation():
        await page.get_by_role("link", name="openapi.json").first.click()
    assert page.url == f"{node.url}/openapi.json"
