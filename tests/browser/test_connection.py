"""A node that goes away while somebody looks at its pages, and a session that ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import Page, expect

from artdagd.errors import ConfigError
from artdagd.node import Node

LISTEN = """(() => {
  window.heard = []
  document.addEventListener("artdag:back", event => window.heard.push(event.type))
  new MutationObserver(() => {
    const text = document.getElementById("connection").textContent
    if (text.includes("again.")) window.heard.push(text)
  }).observe(document.getElementById("connection"), {childList: true})
})()"""
"""Keeps what the banner says at the end, which goes by itself, and what parts of the page are told."""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        made = await (await browser.new_context()).new_page()
        made.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield made


async def sign_in(page: Page, person: Person) -> None:
    await page.goto((await person.http.post("/auth/login-address")).json()["url"])


async def started(stack: AsyncExitStack, home: Path, port: int = 0) -> tuple[Node, Person]:
    """A node; on ``port`` as soon as another test that was given it meanwhile has left it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return await stack.enter_async_context(running_node(home, workers=0, port=port))
        except ConfigError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(1)


async def test_a_node_that_is_gone_is_waited_for(page: Page, tmp_path: Path):
    home = tmp_path / "home"
    async with AsyncExitStack() as first:
        node, person = await started(first, home)
        await sign_in(page, person)
        await page.goto(f"{node.url}/recipes")
        await page.evaluate(LISTEN)
    port = int(node.url.rpartition(":")[2])
    banner = page.locator("#connection")
    await page.get_by_role("link", name="Runs", exact=True).click()
    await expect(banner).to_contain_text("can’t be reached")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recipes")
    async with AsyncExitStack() as second:
        node, person = await started(second, home, port)
        await expect(banner).to_be_empty()
        assert sorted(await page.evaluate("window.heard")) == ["Connected again.", "artdag:back"]
        await page.get_by_role("link", name="Runs", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


async def test_a_session_that_ended_is_told_and_begun_again_in_the_same_place(page: Page, tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (node, person):
        await sign_in(page, person)
        await page.goto(f"{node.url}/workers?page=1")
        await page.context.clear_cookies()
        await page.evaluate("import('/static/js/api.js').then(api => api.call('GET', '/runs').catch(() => 0))")
        await expect(page.locator("#connection")).to_contain_text("signed out")
        await page.get_by_role("link", name="Sign in and come back").click()
        await page.get_by_label("Token of this node").fill((node.settings.home / "admin-token").read_text().strip())
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Workers")
        assert page.url == f"{node.url}/workers?page=1"
        await expect(page.locator("#connection")).to_be_empty()
