"""Pages on a slow machine behind a slow line: what one does before their scripts have come counts, and counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browsers import chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page, Route, expect

from artdagd.node import Node

RECIPE = """\
name: small
version: "1"
inputs: {clip: {type: video}}
params: {width: {type: integer, default: 64, min: 16, max: 96}}
steps: [{id: size, type: RESIZE, inputs: [clip], config: {width: $params.width, height: 32}}]
output: size
"""
pytestmark = pytest.mark.slow  # the short form is in test_recipe_pages.py

WAIT = 60_000
LATE = 3
"""Seconds until a script comes."""
SLOWER = 6
"""How many times slower the browser's processor is."""


class Line:
    """Holds scripts back for ``LATE`` seconds, or until they are let through."""

    def __init__(self) -> None:
        self.late: float | None = LATE
        self.free = asyncio.Event()

    async def hold(self, route: Route) -> None:
        await asyncio.wait([asyncio.ensure_future(self.free.wait())], timeout=self.late)
        await route.continue_()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Node, Person, Page, Line]]:
    """A node without a worker, with a clip and a recipe; and a page that is signed in, to which scripts come late."""
    async with running_node(tmp_path / "home", workers=0) as (node, person), chromium() as browser:
        await person.upload(numbered_clip(tmp_path / "clip.mp4", 5))
        await person.http.post("/recipes/upload", content=RECIPE)
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        line = Line()
        await page.route("**/*.js", line.hold)
        yield node, person, page, line
        line.free.set()
        await page.unroute_all(behavior="ignoreErrors")


async def total(person: Person, what: str) -> int:
    return int((await person.http.get(f"/{what}")).json()["total"])


async def test_what_is_done_before_the_scripts_come_counts_once(place, tmp_path: Path):
    node, person, page, _ = place
    throttle = await page.context.new_cdp_session(page)
    await throttle.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(f"{node.url}/media", wait_until="commit")
    await page.get_by_label("Video, sound or a picture").set_input_files(numbered_clip(tmp_path / "second.mp4", 6))
    await page.get_by_role("button", name="Upload", exact=True).click(no_wait_after=True)
    await expect(page.get_by_role("heading", level=1)).to_have_text("second.mp4")
    await page.goto(f"{node.url}/recipe/small", wait_until="commit")
    await page.get_by_label("One of yours").select_option(index=1)
    await page.get_by_role("button", name="Run", exact=True).dblclick(no_wait_after=True)
    await page.wait_for_url("**/run/*")
    assert (await total(person, "media"), await total(person, "runs")) == (2, 1)


async def test_what_was_filled_in_is_there_when_the_scripts_have_come(place, tmp_path: Path):
    node, person, page, line = place
    line.late = None
    await page.goto(f"{node.url}/recipe/small", wait_until="commit")
    await page.get_by_label("One of yours").select_option(index=1)
    await page.get_by_label("width").fill("48")
    line.free.set()
    await expect(page.locator(".chosen")).to_contain_text("clip.mp4")
    assert await page.get_by_label("width", exact=True).input_value() == "48"
    await expect(page.locator(".plan")).not_to_be_empty()
    for _ in range(2):
        await page.get_by_role("button", name="Run", exact=True).dispatch_event("click")
    await page.wait_for_url("**/run/*")
    run = (await person.http.get("/runs")).json()
    assert (run["total"], run["items"][0]["params"]) == (1, {"width": 48})
    line.free.clear()
    await page.goto(f"{node.url}/recipes/new", wait_until="commit")
    await page.get_by_label("Recipe (YAML)").fill(RECIPE)
    line.free.set()
    await expect(page.get_by_text("It is valid.")).to_be_visible()
    assert await page.get_by_label("Recipe (YAML)").input_value() == RECIPE
    assert not await page.evaluate("dispatchEvent(new Event('beforeunload', {cancelable: true}))")
    line.free.clear()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{node.url}/media", wait_until="commit")
    await page.get_by_label("Video, sound or a picture").set_input_files(numbered_clip(tmp_path / "second.mp4", 6))
    line.free.set()
    await expect(page.locator(".uploads li")).to_contain_text("uploaded")
