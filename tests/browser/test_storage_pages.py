"""Storage, workers, plugins, the contract and errors, as somebody who looks after a node has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from browsers import chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page, Route, expect

from artdagd.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, Page, Path]]:
    folder = tmp_path_factory.mktemp("keeping")
    async with running_node(folder / "home", workers=0) as (node, person), chromium() as browser:
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield node, person, page, folder


async def test_a_provider_is_added_tested_filled_and_removed(place):
    node, person, page, folder = place
    await page.goto(f"{node.url}/storage")
    await page.get_by_role("link", name="Add local storage").click()
    await page.get_by_label("Name").fill("Second disk")
    await page.get_by_label("Path").fill("disk")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.locator("[aria-invalid] + .fault")).to_contain_text("matching regex")
    assert await page.get_by_label("Name").input_value() == "Second disk"
    await page.get_by_label("Path").fill(str(folder / "disk"))
    await page.get_by_label("Capacity").and_(page.locator("[type=number]")).fill("1.5")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Second disk")
    provider = (await person.http.get("/storage")).json()["items"][0]
    assert (provider["capacity_bytes"], provider["config"]["path"]) == (1_500_000_000, str(folder / "disk"))
    await page.get_by_role("button", name="Test Second disk").click()
    await expect(page.locator("form [role=status]")).to_contain_text("It works")
    cid = await person.upload(numbered_clip(folder / "clip.mp4", 3))
    await expect(page.locator("#state")).to_contain_text("1 blob,")  # it is brought anew by itself
    assert list((folder / "disk").rglob(cid))
    await page.get_by_text("Delete…").click()
    await expect(page.locator(".remove")).to_contain_text("stay there")
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.locator("main")).to_contain_text("No provider yet")


async def test_a_worker_that_joins_is_seen_and_focus_stays_where_it_is(place):
    node, _, page, folder = place
    await page.goto(f"{node.url}/workers")
    await expect(page.locator("#workers")).to_contain_text("artdagd worker")
    await page.get_by_role("link", name="Nodes on this database").focus()
    await page.evaluate("window.same = document.getElementById('workers')")
    async with running_node(folder / "busy") as (_, person):

        async def elsewhere(route: Route) -> None:
            """The page of a node to which a worker comes."""
            shown = await person.http.get("/workers", headers={"Accept": "text/html"})
            await route.fulfill(status=200, content_type="text/html", body=shown.text)

        await page.route("**/workers", elsewhere)
        await expect(page.locator("#workers h2")).to_have_text("w1")
        await page.unroute("**/workers")
    assert await page.evaluate("window.same === document.getElementById('workers')")
    assert await page.evaluate("document.activeElement.textContent") == "Nodes on this database"


async def test_plugins_and_calls_are_found_by_typing(place):
    node, _, page, _ = place
    await page.goto(f"{node.url}/plugins")
    await page.get_by_role("searchbox").fill("kaleido")
    await expect(page.locator("#plugins > li:visible")).to_have_count(1)
    await page.goto(f"{node.url}/docs#errors")
    await page.get_by_role("searchbox").fill("revoke token")
    await expect(page.locator("#calls details:visible")).not_to_have_count(0)
    await expect(page.locator("#calls section:visible", has_text="/cache/upload")).to_have_count(0)


async def test_no_error_is_a_dead_end(place):
    node, person, page, _ = place
    await page.goto(f"{node.url}/run/none")
    await expect(page.get_by_role("alert")).to_contain_text("deleted")
    await page.get_by_role("main").get_by_role("link", name="Runs").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    answer = await person.http.post("/runs/none/cancel", headers={"Accept": "text/html"})
    assert "go back with your browser" in answer.text
