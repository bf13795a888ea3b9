"""Pages of recipes with script: the explorer of a graph, the editor, and the form of a run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from browsers import SMALL, chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Dialog, Page, expect

from artdagd.node import Node

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
        expect.set_options(timeout=30_000)
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
    await page.goto(f"{node.url}/recipe/{await kept(person, SMALL)}/dag")
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
    await page.get_by_label("Find a step").fill("S217")
    await page.keyboard.press("Enter")
    await expect(page.locator("g.box.chosen")).to_have_attribute("data-step", "s217")
    await expect(page.locator("g.box.chosen rect")).to_be_in_viewport()
    await page.keyboard.press("Escape")
    await page.locator("g.box[data-step=clip]").focus()
    await page.keyboard.press("End")
    await expect(page.locator("g.box:focus")).to_have_attribute("data-step", "all")
    await expect(page.locator("g.box:focus rect")).to_be_in_viewport()


async def test_fingers_move_and_zoom_a_graph_and_scroll_the_page_at_its_ends(place):
    node, person, page = place
    steps = "\n".join(
        f"- {{id: s{at}, type: RESIZE, inputs: [{f's{at - 1}' if at else 'clip'}], config: {{width: 64}}}}"
        for at in range(20)
    )
    text = f"name: tall\nversion: '1'\ninputs: {{clip: {{type: video}}}}\nsteps:\n{steps}\noutput: s19\n"
    recipe = await kept(person, text)
    browser = page.context.browser
    assert browser
    phone = await browser.new_context(
        viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True, bypass_csp=True
    )  # to wait, Playwright evaluates
    page = await phone.new_page()
    page.set_default_timeout(30_000)
    await page.goto((await person.http.post("/auth/login-address")).json()["url"])
    await page.goto(f"{node.url}/recipe/{recipe}/dag")
    drawing = page.locator(".explorer.live .drawing svg")
    box = await page.locator(".explorer.live .drawing").bounding_box()
    assert box
    x, y = box["x"] + 150, box["y"] + 150
    touches = await phone.new_cdp_session(page)

    async def fingers(*ways: tuple[int, int]) -> None:
        """One finger a way, each from a place of its own."""
        for type_, share in (("touchStart", 0.0), *(("touchMove", step / 8) for step in range(1, 9))):
            points = [{"x": x + 40 * i + a * share, "y": y + b * share, "id": i} for i, (a, b) in enumerate(ways)]
            await touches.send("Input.dispatchTouchEvent", {"type": type_, "touchPoints": points})
        await touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    async def until(condition: str) -> None:
        """``y`` is how far down the drawing is, ``scale`` its scale."""
        await page.wait_for_function(
            "() => { const { f: y, a: scale } = new DOMMatrix(document.querySelector('.drawing svg').style.transform);"
            f" return {condition}; }}"
        )

    await until("y === 0 && scale === 0.5")
    await fingers((0, -100))
    await until("y < -50")  # there is more of it below
    assert await page.evaluate("scrollY") == 0
    await fingers((-50, 0), (50, 0))
    await until("scale > 0.75")
    assert await page.evaluate("visualViewport.scale") == 1
    await page.get_by_role("button", name="Fit all of it").click()
    await until("scale < 0.5")
    before = await drawing.get_attribute("style")
    await fingers((0, -100))
    await until("scrollY > 50")  # all of it is seen
    assert await drawing.get_attribute("style") == before
    await phone.close()


async def test_a_text_is_checked_as_it_is_typed_and_mended_by_a_click(place):
    node, person, page = place
    await page.goto(f"{node.url}/recipes")
    await page.get_by_role("link", name="New recipe").click()
    text = page.get_by_label("Recipe (YAML)")
    await expect(page.get_by_text("It is valid.")).to_be_visible()
    await expect(page.locator(".graph g.box")).to_have_count(4)
    begun = await text.input_value()
    await text.fill(begun.replace("RESIZE", "RESISE").replace("name: first", "name: written here"))
    await expect(page.get_by_text("1 thing is wrong")).to_be_visible()
    await expect(page.locator(".gutter .bad")).to_have_text("33\n")
    await page.get_by_role("button", name="Line 33, column 11").click()
    assert await text.evaluate("one => one.value.slice(one.selectionStart, one.selectionStart + 6)") == "RESISE"
    await page.get_by_role("button", name="Write RESIZE").click()
    await expect(page.get_by_text("It is valid.")).to_be_visible()
    # What is not saved outlives a reload, and is asked about before another page comes.
    page.once("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await expect(page.get_by_text("This is what you wrote before")).to_be_visible()
    assert "written here" in await text.input_value()
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.get_by_role("link", name="Media", exact=True).click()
    assert len(asked) == 1
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("written here")
    kept_text = (await person.http.get("/recipes/written here")).json()["yaml"]
    assert kept_text == begun.replace("name: first", "name: written here")
    await page.get_by_role("link", name="Edit").first.click()
    await expect(text).to_have_value(kept_text)


async def test_steps_are_inserted_with_their_documentation(place):
    node, _, page = place
    await page.goto(f"{node.url}/recipes/new")
    await page.get_by_role("tab", name="Steps and effects").click()
    text = page.get_by_label("Recipe (YAML)")
    await text.evaluate(
        "one => { one.focus(); const at = one.value.indexOf('degrees'); one.setSelectionRange(at, at); }"
    )
    await expect(page.locator(".here")).to_contain_text("colour wheel")
    await text.evaluate("one => { const at = one.value.indexOf('hue') + 2; one.setSelectionRange(at, at + 1); }")
    await page.keyboard.press("Backspace")
    await page.get_by_role("button", name="hue", exact=True).click()
    await expect(page.locator(".here")).to_contain_text("colour wheel")
    await page.get_by_label("Search steps and effects").fill("vignette")
    await page.locator("details", has_text="vignette").locator("summary").click()
    await page.locator("details", has_text="vignette").get_by_role("button", name="Insert an example").click()
    assert "    type: EFFECT\n    inputs: [input]\n    config:\n      effect: vignette" in await text.input_value()
    await expect(page.get_by_text("unknown input 'input'")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{node.url}/recipes")


async def test_a_run_is_made_with_a_plan_of_what_is_rendered_already(place, tmp_path: Path):
    node, person, page = place
    recipe = await kept(person, SMALL)
    await person.upload(numbered_clip(tmp_path / "first <i>clip.mp4", 25))
    await page.goto(f"{node.url}/recipe/{recipe}")
    await expect(page.get_by_text("Choose clip to see")).to_be_visible()
    await page.get_by_role("button", name="Choose clip").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Choose clip")).to_be_focused()
    await page.keyboard.press("Enter")
    picker = page.get_by_role("dialog")
    await picker.get_by_label("Search your media").fill("first")
    await picker.get_by_role("button", name="first <i>clip.mp4").click()
    plan = page.locator(".plan")
    await expect(plan).to_contain_text("0 of 2 steps are already rendered")
    await page.get_by_label("width, slider").evaluate(
        "one => { one.value = 48; one.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    await page.get_by_role("switch", name="sound").click()
    await expect(page).to_have_url(re.compile(r"inputs\.clip=bafk\w+&params\.width=48&params\.sound=false$"))
    address = page.url
    await page.get_by_label("width", exact=True).fill("200")
    await expect(page.get_by_text("200 is more than the maximum 96")).to_be_visible()
    # The address alone fills the form in.
    await page.goto("about:blank")
    await page.goto(address)
    await expect(page.locator(".chosen")).to_contain_text("first <i>clip.mp4")
    assert await page.get_by_label("width", exact=True).input_value() == "48"
    assert not await page.get_by_role("switch", name="sound").is_checked()
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.wait_for_url(re.compile("/run/run-"))
    run = await person.finish(page.url.rpartition("/")[2])
    assert (run["status"], run["params"]) == ("completed", {"width": 48, "sound": False})
    await page.goto(address)
    await expect(plan).to_contain_text("All of it is rendered already")
    await expect(page.locator(".explorer [data-step=size]")).to_have_attribute("data-state", "cached")
    await page.get_by_role("button", name="Reset width").click()
    await expect(plan).to_contain_text("of 2 steps are already rendered")
    await page.goto(f"{node.url}/recipes?q=many")
    await expect(page.locator(".recipes > li")).to_have_count(1)
    await page.goto(f"{node.url}/recipes")
    await expect(page.locator(".recipes > li", has_text="Last run")).to_contain_text("completed")


async def test_what_is_missing_is_uploaded_where_it_is_chosen(place, tmp_path: Path):
    node, person, page = place
    await page.goto(f"{node.url}/recipe/{await kept(person, SMALL)}")
    await page.get_by_role("button", name="Choose clip").click()
    await page.get_by_label("Upload a file").set_input_files(numbered_clip(tmp_path / "brought.mp4", 10))
    await expect(page.locator(".chosen")).to_contain_text("brought.mp4")
    await expect(page.locator(".plan")).to_contain_text("steps are already rendered")
    await page.get_by_text("By its CID").click()
    await page.get_by_label("its CID").fill("nonsense")
    await page.get_by_label("its CID").blur()
    await expect(page.locator(".input .wrong")).to_contain_text("nonsense")


async def test_a_form_that_is_sent_twice_begins_one_run(place, tmp_path: Path):
    _, person, _ = place
    cid = await person.upload(numbered_clip(tmp_path / "twice.mp4", 4))
    address = f"/recipe/{await kept(person, SMALL.replace('name: small', 'name: twice'))}"
    page = (await person.http.get(address, headers={"Accept": "text/html"})).text
    (key,) = re.findall('name="idempotency_key" value="([^"]{20,})"', page)
    form = {"idempotency_key": key, "inputs.clip": cid}
    action = f"{address.replace('/recipe/', '/recipes/')}/run"
    first, again = [(await person.http.post(action, data=form)).headers["location"] for _ in range(2)]
    changed = (await person.http.post(action, data=form | {"params.width": "48"})).headers["location"]
    assert first == again
    assert changed != first


async def test_a_text_is_copied_to_the_letter_and_one_that_cannot_be_is_shown_to_be_copied(place):
    node, person, page = place
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{node.url}/recipe/{await kept(person, SMALL)}")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("is on the clipboard")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == SMALL
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.locator("[data-part=recipe-text] details")).to_have_attribute("open", "")
