"""The first page: from an empty node in three steps to an example that plays; and what it shows then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import Page, expect

from artdagd.web.bundled import texts


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        context = await browser.new_context(bypass_csp=True)  # to wait, Playwright evaluates
        made = await context.new_page()
        made.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield made


async def sign_in(page: Page, person: Person) -> None:
    await page.goto((await person.http.post("/auth/login-address")).json()["url"])


async def test_an_empty_node_leads_to_a_result_that_plays(page: Page, tmp_path: Path):
    async with running_node(tmp_path / "home") as (node, person):
        await sign_in(page, person)
        await expect(page.locator("[aria-current=step] h2")).to_contain_text("Bring a medium")
        await page.get_by_role("button", name="Use the example").click()
        await expect(page.locator("[aria-current=step] h2")).to_contain_text("Choose a recipe")
        await page.get_by_role("button", name="Take mirrors").click()
        await expect(page.locator("[aria-current=step] h2")).to_contain_text("Run it")
        await page.get_by_role("button", name="Run it").click()
        await page.wait_for_url("**/run/*")
        await page.wait_for_function("document.querySelector('video')?.readyState >= 2")
        await page.goto(node.url)
        await expect(page.get_by_role("heading", name="Recent runs")).to_be_visible()
        await expect(page.locator(".cards a")).to_have_count(2)
        run = (await person.http.get("/runs")).json()["items"][0]
        assert (run["recipe"]["name"], run["status"]) == ("mirrors", "completed")


async def test_every_example_can_be_taken(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        listed = (await person.http.get("/examples")).json()["items"]
        assert {one["name"] for one in listed} == set(texts())
        for one in listed:
            answer = await person.http.post(f"/examples/{one['name']}/take")
            assert (answer.status_code, answer.json()["name"]) == (201, one["name"])
        answer = await person.http.post("/examples/none/take")
        assert (answer.status_code, "mirrors" in answer.json()["advice"]) == (404, True)
