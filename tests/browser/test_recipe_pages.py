"""Pages of recipes with script: the explorer of a graph, the editor, and the form of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import Page, expect

from artdagd.node import Node

RECIPE = """\
name: small
version: "1"
inputs:
  clip: {type: video, description: Any footage}
params:
  width: {type: integer, default: 64, min: 16, max: 96}
  sound: {type: boolean, default: true}
steps:
  - {id: cut, type: SEGMENT, inputs: [clip], config: {duration: 0.4}}
  - {id: size, type: RESIZE, inputs: [cut], config: {width: $params.width, height: 32}}
output: size
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, Page]]:
    """A node with a worker, and a page that is signed in; its console says nothing when the tests are over."""
    async with (
        running_node(tmp_path_factory.mktemp("recipes") / "home") as (node, person),
        chromium() as browser,
    ):
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(30_000)
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield node, person, page
        assert said == []


async def kept(person: Person, text: str) -> str:
    answer = await person.http.post("/recipes/upload", content=text)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["recipe_id"])


async def test_a_graph_is_explored_by_keyboard(place):
    node, person, page = place
    await page.goto(f"{node.url}/recipe/{await kept(person, RECIPE)}/dag")
    await page.locator(".explorer.live .drawing").focus()
    await page.keyboard.press("Tab")
    focused = page.locator("g.box:focus")
    await expect(focused).to_have_attribute("data-step", "clip")
    await page.keyboard.press("ArrowDown")
    await expect(focused).to_have_attribute("data-step", "cut")
    await page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="The chosen step")
    await expect(panel).to_contain_text("duration")
    await expect(panel).to_contain_text("About SEGMENT")  # from what is installed
    await expect(page.locator("g.box.read")).to_have_attribute("data-step", "clip")
    await expect(page.locator("g.box.reader")).to_have_attribute("data-step", "size")
    await page.keyboard.press("ArrowDown")
    await expect(panel).to_contain_text("RESIZE")
    await expect(panel).to_contain_text("$params.width")
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(focused).to_have_attribute("data-step", "size")


async def test_a_graph_of_three_hundred_steps_is_drawn_and_moved(place):
    node, person, page = place
    reads = ["clip", *(f"s{(at - 1) // 2}" for at in range(1, 299))]
    steps = [f"{{id: s{at}, type: RESIZE, inputs: [{read}], config: {{width: 64}}}}" for at, read in enumerate(reads)]
    ends = ", ".join(f"s{at}" for at in range(149, 299))
    text = "\n".join(
        ["name: many", "version: '1'", "inputs: {clip: {type: video}}", "steps:", *[f"- {s}" for s in steps]]
    )
    recipe = await kept(person, f"{text}\n- {{id: all, type: SEQUENCE, inputs: [{ends}]}}\noutput: all\n")
    await page.goto(f"{node.url}/recipe/{recipe}/dag")
    await expect(page.locator(".explorer.live g.box")).to_have_count(301)
    drawing = page.locator(".explorer .drawing svg")

    async def moved(act: str) -> None:
        before = await drawing.get_attribute("style")
        await page.keyboard.press(act)
        await expect(drawing).not_to_have_attribute("style", before or "")

    await page.locator(".drawing").focus()
    for key in ("ArrowLeft", "ArrowDown", "+", "-", "0"):
        await moved(key)
    box = await page.locator(".drawing").bounding_box()
    assert box
    before = await drawing.get_attribute("style")
    await page.mouse.move(box["x"] + 300, box["y"] + 100)
    await page.mouse.wheel(0, -300)
    await expect(drawing).not_to_have_attribute("style", before or "")
    await page.locator("g.box[data-step=clip]").focus()
    await page.keyboard.press("End")
    await expect(page.locator("g.box:focus")).to_have_attribute("data-step", "all")
    await expect(page.locator("g.box:focus rect")).to_be_in_viewport()
