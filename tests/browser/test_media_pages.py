"""The pages of media with script: files dropped, frames under the pointer, a search, a description, where media came
from, and what deleting one means."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from browsers import chromium
from clips import click_track, numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page, expect

from artdagd.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 1 << 20
WAIT = 30_000

DROP = """files => {
    const given = new DataTransfer()
    const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    for (const [name, text] of files) given.items.add(new File([bytes(text)], name))
    const tell = name => document.body.dispatchEvent(
        new DragEvent(name, {dataTransfer: given, bubbles: true, cancelable: true}))
    tell("dragover")
    tell("drop")
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Node, Person, Page, dict[str, str]]]:
    """A node that takes small files, with a clip, a sound and a run on the clip; a page that is signed in."""
    folder = tmp_path_factory.mktemp("media")
    clip, sound = numbered_clip(folder / "tram.mp4", 50), click_track(folder / "bells.flac", [0.5], 2)
    async with running_node(folder / "home", max_upload_bytes=LIMIT) as (node, person), chromium() as browser:
        names = {"clip": await person.upload(clip), "sound": await person.upload(sound)}
        run = await person.run(effect="blur", inputs=[names["clip"]])
        assert run["status"] == "completed", run
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield node, person, page, names | {"run": run["run_id"], "made": run["output_cid"]}


async def test_files_are_dropped_and_one_is_refused(place, tmp_path):
    node, person, page, names = place
    new = numbered_clip(tmp_path / "new <b>one.mp4", 8)
    same = (await person.http.get(f"/cache/{names['clip']}/raw")).content
    given = [("new <b>one.mp4", new.read_bytes()), ("again.mp4", same), ("huge.bin", b"\0" * (LIMIT + 1))]
    early, late, shown = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(route):
        """The list that is asked for after the first file comes when the last one is there, and lacks it."""
        answer = await route.fetch()
        if not early.is_set():
            early.set()
            await shown.wait()
        await route.fulfill(response=answer)

    async def wait(route):
        if b"new <b>one" in (route.request.post_data_buffer or b""):
            await late.wait()
        await route.continue_()

    await page.goto(f"{node.url}/media")
    await page.route("**/media", hold)
    await page.route("**/cache/upload*", wait)
    await page.evaluate("window.same = true")
    await page.locator(".bring.ready").wait_for()
    await page.evaluate(DROP, [(name, base64.b64encode(data).decode()) for name, data in given])
    rows = page.locator(".uploads li")
    await expect(rows.filter(has_text="again.mp4")).to_contain_text("already here")
    await asyncio.wait_for(early.wait(), WAIT / 1000)
    late.set()
    await expect(rows.filter(has_text="new <b>one.mp4")).to_contain_text("uploaded")
    shown.set()
    await expect(rows.filter(has_text="huge.bin")).to_contain_text("Too large: the node takes files of up to 1.0 MiB")
    await expect(page.locator(".uploads .told")).to_have_text("2 of 3 uploaded, 1 refused")
    await expect(page.locator(".cards li").first).to_contain_text("new <b>one.mp4")
    await page.get_by_role("link", name="new <b>one.mp4").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("new <b>one.mp4")
    assert await page.evaluate("window.same")
    await page.unroute_all()


async def test_an_upload_goes_on_while_one_looks_at_another_page(place, tmp_path):
    """And leaving the node's pages is asked about first; a lost connection is told, and tried again."""
    node, _, page, _ = place
    asked: list[str] = []

    async def hold(route):
        asked.append(route.request.url)
        await (route.abort() if len(asked) == 2 else route.continue_() if len(asked) > 2 else held(route))

    kept: list = []

    async def held(route):
        kept.append(route)

    await page.route("**/cache/upload", hold)
    await page.goto(f"{node.url}/media")
    await page.get_by_label("Choose files to upload").set_input_files(
        [numbered_clip(tmp_path / f"slow{number}.mp4", 3 + number) for number in range(2)]
    )
    await expect(page.locator(".uploads li").filter(has_text="slow1")).to_contain_text("The connection was lost.")
    await page.get_by_role("button", name="Retry slow1.mp4").click()
    await expect(page.locator(".uploads li").filter(has_text="slow1")).to_contain_text("uploaded")
    await page.get_by_role("link", name="Recipes", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recipes")
    await expect(page.locator(".uploads.docked")).to_contain_text("1 of 2 uploaded")
    stays = "() => !dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert await page.evaluate(stays)
    await kept[0].continue_()
    await expect(page.locator(".uploads")).to_contain_text("2 of 2 uploaded")
    assert not await page.evaluate(stays)
    await page.unroute("**/cache/upload")


async def test_other_frames_pass_under_the_pointer(place):
    node, _, page, names = place
    await page.goto(f"{node.url}/media")
    still = page.locator(f'[data-cid="{names["clip"]}"] .still')
    box = await still.bounding_box()
    pictures = []
    for part in (0.125, 0.875):
        await page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        await expect(still.locator("canvas")).to_have_attribute("data-frame", str(int(20 * part)))
        pictures.append(await still.locator("canvas").evaluate("canvas => canvas.toDataURL()"))
    assert pictures[0] != pictures[1]
    await page.mouse.move(0, 0)
    await expect(still.locator("canvas")).to_be_hidden()
    await page.locator(f'[data-cid="{names["clip"]}"] a').focus()
    await page.keyboard.press("ArrowLeft")
    await expect(still.locator("canvas")).to_be_visible()


async def test_what_is_typed_is_found_and_stands_in_the_address(place):
    node, _, page, names = place
    await page.goto(f"{node.url}/media")
    await page.get_by_label("Search").press_sequentially("BELLS flac")
    await expect(page.locator(".cards li")).to_have_count(1)
    await expect(page).to_have_url(f"{node.url}/media?q=BELLS%20flac")
    await expect(page.locator("#said")).to_have_text("1 in all")
    assert await page.evaluate("document.activeElement.name") == "q"
    await page.get_by_role("link", name="Video", exact=True).click()
    await expect(page.locator(".none")).to_contain_text("Nothing is found for “BELLS flac” among video")
    await page.go_back()
    await expect(page.locator(f'.cards [data-cid="{names["sound"]}"]').first).to_be_visible()


async def test_a_medium_is_described_while_it_plays(place):
    node, person, page, names = place
    await person.http.patch(f"/cache/{names['clip']}/meta", json={"metadata": {"take": 3, "gone": "x"}})
    await page.goto(f"{node.url}/cache/{names['clip']}")
    player = await page.locator("video").element_handle()
    await page.locator("#describe summary").click()
    await page.get_by_label("Title").fill("At <i>night</i>")
    await page.get_by_label("Tags Enter adds one").press_sequentially("tram, wet street,")
    await page.get_by_role("button", name="Remove gone").click()
    await page.get_by_role("button", name="Add a row").click()
    await page.get_by_label("Name").last.fill("lens")
    await page.get_by_label("Value").last.fill("35 mm")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("At <i>night</i>")
    await expect(page.locator("#about .chips li")).to_have_text(["tram", "wet street"])
    assert await player.evaluate("video => video.isConnected")
    said = (await person.http.get(f"/cache/{names['clip']}/meta")).json()
    assert said["metadata"] == {"take": 3, "lens": "35 mm"}
    assert said["tags"] == ["tram", "wet street"]
    await page.get_by_role("button", name="Pin it here").click()
    await expect(page.locator("#remove")).to_contain_text("it is pinned")
    await page.get_by_role("button", name="Remove the pin").click()
    await expect(page.locator("#remove")).not_to_contain_text("it is pinned")


async def test_one_moves_along_the_line_of_time(place):
    node, _, page, names = place
    await page.goto(f"{node.url}/cache/{names['sound']}")
    line = page.get_by_role("slider", name="Position")
    box = await line.bounding_box()
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    await expect(line).to_have_attribute("aria-valuetext", "0:01 of 0:02")
    assert await page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(1, abs=0.05)
    await line.press("End")
    assert await page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(2, abs=0.05)


async def test_where_it_came_from_leads_there_and_back(place):
    node, _, page, names = place
    await page.goto(f"{node.url}/cache/{names['made']}")
    origin = page.locator("#origin")
    assert await origin.get_by_role("link", name="blur").get_attribute("href") == f"/run/{names['run']}"
    await origin.locator(".cards a").first.click()
    await expect(page).to_have_url(f"{node.url}/cache/{names['clip']}")
    await page.locator("#uses .cards > li > a").click()
    await expect(page).to_have_url(f"{node.url}/cache/{names['made']}")


async def test_several_are_chosen_tagged_and_deleted(place, tmp_path):
    node, person, page, names = place
    spare = await person.upload(numbered_clip(tmp_path / "spare.mp4", 4))
    await person.http.patch(f"/cache/{names['sound']}/meta", json={"pinned": True, "tags": ["bell"]})
    await page.goto(f"{node.url}/media")
    await page.get_by_role("button", name="Select several").click()
    for name in (spare, names["sound"]):
        await page.locator(f'.cards [data-cid="{name}"] .still').click()
    await expect(page.locator(".picking")).to_contain_text("2 selected")
    await page.get_by_label("Tag for what is selected").fill("old")
    await page.get_by_role("button", name="Add the tag").click()
    await expect(page.locator(".toast")).to_contain_text("2 tagged with “old”.")
    assert (await person.http.get(f"/cache/{names['sound']}")).json()["tags"] == ["bell", "old"]
    await page.get_by_role("button", name="Delete…").click()
    await expect(page.locator(".picking li")).to_have_count(2)
    await expect(page.locator(".picking")).to_contain_text("It can't be deleted now: it is pinned.")
    await page.get_by_role("button", name="Delete 2").click()
    await expect(page.locator(f'.cards [data-cid="{spare}"]')).to_have_count(0)
    await expect(page.locator(".toast.bad")).to_contain_text("is pinned")
    assert (await person.http.get(f"/cache/{names['sound']}")).status_code == 200
    await page.keyboard.press("Escape")
    await expect(page.locator(".tick")).to_have_count(0)


async def test_what_deleting_means_is_said_before(place):
    node, person, page, names = place
    said = page.locator("#remove")
    await page.goto(f"{node.url}/cache/{names['clip']}")
    await page.get_by_text("Delete…").click()
    await expect(said).to_contain_text("It can't be made again: no run made it")
    await expect(said).to_contain_text("1 run that used it stays, with its result, but can't be run again without it")
    await page.goto(f"{node.url}/cache/{names['made']}")
    await expect(said).to_contain_text("It can be made again: blur has all its inputs")
    assert (await person.http.delete(f"/cache/{names['clip']}")).status_code == 204
    await page.reload()
    await page.get_by_text("Delete…").click()
    await expect(said).to_contain_text("It can't be made again: not all inputs of the run that made it are here")
    await page.get_by_role("button", name="Delete it").click()
    await expect(page).to_have_url(f"{node.url}/media")
    await expect(page.locator(f'[data-cid="{names["made"]}"]')).to_have_count(0)


async def test_who_needs_a_medium_is_named(place):
    """A pin, and others who have it."""
    _, person, _, names = place
    token = (await person.http.post("/auth/tokens", json={"name": "t", "owner": "eve"})).json()["token"]
    eve = {"Authorization": f"Bearer {token}"}
    bytes_ = (await person.http.get(f"/cache/{names['sound']}/raw")).content
    await person.http.post("/cache/upload", files={"file": ("bells.flac", bytes_)}, headers=eve)
    html = {"Accept": "text/html"}
    await person.http.patch(f"/cache/{names['sound']}/meta", json={"pinned": True})
    assert "it is pinned" in (await person.http.get(f"/cache/{names['sound']}", headers=html)).text
    theirs = (await person.http.get(f"/cache/{names['sound']}", headers=html | eve)).text
    assert "Another user has the same bytes" in theirs
    assert "it is pinned" not in theirs
