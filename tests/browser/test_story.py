"""The whole story of an artist in one browser with script, with names that are HTML: from an empty node to a work that
is published, withdrawn and deleted. Nothing that a name says is run, on any page or by any script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from browsers import chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Dialog, Page, expect
from registry import Registry, installed

from artdagd.node import Node

HTML = "<img src=x onerror=alert(1)>"
RECIPE = f"""\
name: "{HTML}r"
version: "1"
description: "{HTML}d"
inputs:
  clip: {{type: video, description: "{HTML}i"}}
params:
  width: {{type: integer, default: 64, min: 16, max: 96, description: "{HTML}p"}}
steps:
  - {{id: cut, type: SEGMENT, inputs: [clip], config: {{duration: 0.4}}}}
  - {{id: size, type: RESIZE, inputs: [cut], config: {{width: $params.width, height: 32}}}}
  - {{id: words, type: TEXT, inputs: [size], config: {{text: "{HTML}t", size: 8}}}}
output: words
"""
WAIT = 60_000
NO_PICTURE = re.compile(r"/cache/\w+/(poster|waveform)(\?|$)")
"""A worker makes it, or it has no sound: the page then shows none."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    return installed(monkeypatch)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page whose console, policy and dialogs had nothing to say when the test is over."""
    async with chromium() as browser:
        made = await (await browser.new_context()).new_page()
        made.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        said: list[str] = []

        async def asked(dialog: Dialog) -> None:
            said.append(f"dialog: {dialog.message}")
            await dialog.dismiss()

        made.on("dialog", asked)
        made.on("pageerror", lambda error: said.append(str(error)))
        made.on(
            "console",
            lambda message: (
                said.append(message.text) if message.type == "error" and "404" not in message.text else None
            ),
        )
        made.on(
            "response",
            lambda got: said.append(got.url) if got.status >= 400 and not NO_PICTURE.search(got.url) else None,
        )
        yield made
        assert said == []


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def until(page: Page, expression: str) -> None:
    async with asyncio.timeout(WAIT / 1000):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.05)


async def read(page: Page, *words: str) -> None:
    """The page says ``words`` as text, and has made no element of them."""
    for word in words:
        await expect(page.locator("body")).to_contain_text(word)
    assert await page.locator("[onerror], img[src=x]").count() == 0, page.url


async def bring(page: Page, clip: bytes) -> None:
    await expect(page.locator("[aria-current=step] h2")).to_contain_text("Bring a medium")
    await page.get_by_role("link", name="Upload a medium").click()
    await page.locator(".bring.ready").wait_for()
    chosen = {"name": f"{HTML}.mp4", "mimeType": "video/mp4", "buffer": clip}
    await page.get_by_label("Choose files to upload").set_input_files([chosen])  # type: ignore[list-item]
    await expect(page.locator(".uploads li")).to_contain_text("uploaded")
    await page.locator(".cards a img").wait_for()  # a worker has looked at it
    await read(page, f"{HTML}.mp4")
    await press(page, "Select several")
    await page.locator(".cards .still").click()
    await page.get_by_label("Tag for what is selected").fill(f"{HTML}tag")
    await press(page, "Add the tag")
    await expect(page.locator(".toast")).to_contain_text(f"{HTML}tag")
    await press(page, "Delete…")
    await read(page, f"{HTML}.mp4")
    await page.keyboard.press("Escape")
    await page.locator(".cards a").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{HTML}.mp4")
    await page.locator("#describe summary").click()
    await page.get_by_label("Title").fill(f"{HTML}title")
    await page.get_by_label("Description").fill(f"{HTML}about")
    await press(page, "Save")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{HTML}title")
    await read(page, f"{HTML}about", f"{HTML}tag")


async def write(page: Page) -> None:
    await page.get_by_role("link", name="Recipes", exact=True).click()
    await page.get_by_role("link", name="New recipe").click()
    text = page.get_by_label("Recipe (YAML)")
    await text.fill(RECIPE.replace("type: RESIZE", f"type: '{HTML}'"))
    await expect(page.get_by_text("1 thing is wrong")).to_be_visible()
    await read(page, HTML)
    await text.fill(RECIPE)
    await expect(page.get_by_text("It is valid.")).to_be_visible()
    await page.locator(".graph g.box[data-step=words]").click()
    await read(page, f"{HTML}t")
    await press(page, "Save")
    await expect(page.locator(".toast").last).to_contain_text(f"{HTML}r")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"{HTML}r")
    await read(page, f"{HTML}d", f"{HTML}i", f"{HTML}p")


async def run(page: Page, width: int) -> None:
    """Fills in the form and follows the run, on the same document, until its result can be played."""
    await page.get_by_label("width", exact=True).fill(str(width))
    await expect(page.locator(".plan")).to_contain_text("3 steps")
    await press(page, "Run")
    await page.wait_for_url("**/run/*")
    await expect(page.locator("#run-head .status")).to_have_text("completed")
    await until(page, "document.querySelector('video')?.readyState >= 2")
    assert await page.evaluate("document.querySelector('video').videoWidth") == width
    assert await page.evaluate("window.same")
    await read(page, f"{HTML}r", f"{HTML}title")


async def choose(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("Choose (clip|another)…")).click()
    await read(page, f"{HTML}title")
    await page.locator("dialog .offer").click()
    await expect(page.locator(".chosen")).to_contain_text(f"{HTML}title")


async def publish(page: Page, node: Node, registry: Registry) -> None:
    await page.get_by_role("link", name="Describe it or publish it").click()
    await page.locator("#describe summary").click()
    await page.get_by_label("Title").fill(f"{HTML}work")
    await press(page, "Save")
    await expect(page.locator("#publication")).to_contain_text(f"{HTML}work")
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as stranger:
        address = httpx.URL(page.url).path + "/raw"
        assert (await stranger.get(address)).status_code == 401
        await press(page, "Publish on l2.test")
        await expect(page.locator("#publication")).to_contain_text("Open to everybody")
        assert (await stranger.get(address)).status_code == 200
        assert [work.title for work in registry.works.values()] == [f"{HTML}work"]
        await expect(page.locator("#remove")).to_contain_text("it is published")
        await page.get_by_text("Withdraw…").click()
        await press(page, "Withdraw it")
        await expect(page.locator("#publication")).to_contain_text("Withdrawn: only you see it here")
        assert (await stranger.get(address)).status_code == 401
    await read(page, f"{HTML}work")


async def delete(page: Page, consequence: str) -> None:
    await page.locator("#remove").get_by_text("Delete…").click()
    await expect(page.locator("#remove")).to_contain_text(consequence)
    await press(page, "Delete it")
    await page.wait_for_url("**/media")


async def provide(page: Page, folder: Path) -> None:
    """A provider of storage."""
    await page.get_by_role("link", name="Storage", exact=True).click()
    await page.get_by_role("link", name="Add local storage").click()
    await page.get_by_label("Name").fill(f"{HTML}disk")
    await page.get_by_label("path").fill(str(folder))
    await press(page, "Add it")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"{HTML}disk")


async def test_from_an_empty_node_to_a_work_that_is_published_and_gone(registry: Registry, page: Page, tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 15).read_bytes()
    async with running_node(tmp_path / "home") as (node, person):
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        await page.evaluate("window.same = true")
        await provide(page, tmp_path / "disk")
        await page.get_by_role("link", name="artdagd", exact=True).click()
        await bring(page, clip)
        await write(page)
        await choose(page)
        await run(page, 64)
        await page.evaluate("document.querySelector('video').play()")
        await until(page, "document.querySelector('video').ended")
        await page.get_by_role("link", name="Run again with changes").click()
        await expect(page.locator(".chosen")).to_contain_text(f"{HTML}title")
        await run(page, 48)
        await page.get_by_role("link", name="Plan", exact=True).click()
        changed = page.locator("#step-size .changes")
        await expect(changed).to_contain_text(re.compile(r"width:\s*64\s*→\s*is now\s*48"))
        await page.get_by_role("link", name="Compare", exact=True).click()
        await expect(page.locator("#main")).to_contain_text("in both")
        await read(page, f"{HTML}r", f"{HTML}title")
        await everywhere(page, node, person)
        await page.goto(f"{node.url}/run/{(await listed(person, 'runs'))[0]['run_id']}")
        await publish(page, node, registry)
        await delete(page, "It can be made again")
        await page.locator(".cards a", has_text=f"{HTML}title").click()
        await delete(page, "2 runs that used it stay, with their results, but can't be run again without it")
        assert await page.locator(".cards a", has_text=f"{HTML}title").count() == 0


async def listed(person: Person, what: str) -> list[dict[str, str]]:
    return list((await person.http.get(f"/{what}")).json()["items"])


async def everywhere(page: Page, node: Node, person: Person) -> None:
    """Each page that names things."""
    last = (await listed(person, "runs"))[0]["run_id"]
    recipe = (await listed(person, "recipes"))[0]["recipe_id"]
    shown = {
        "/": f"{HTML}r",
        "/runs": f"{HTML}r",
        f"/run/{last}": f"{HTML}title",
        f"/run/{last}/analysis": f"{HTML}r",
        f"/run/{last}/artifacts": f"{HTML}r",
        "/recipes": f"{HTML}d",
        f"/recipe/{recipe}/edit": f"{HTML}r",
        f"/recipe/{recipe}/dag": f"{HTML}r",
        f"/media?q={HTML}": f"{HTML}tag",
        "/storage": f"{HTML}disk",
    }
    for path, words in shown.items():
        await page.goto(node.url + path)
        if path.startswith("/media"):
            words = f"{HTML}title"
        await read(page, words)
