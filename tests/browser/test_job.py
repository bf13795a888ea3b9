"""The whole job of an artist, with a browser, without script: from an empty node to a clip that plays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browsers import SMALL, chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page

from artdagd.node import Node


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        context = await browser.new_context(java_script_enabled=False, accept_downloads=True)
        context.set_default_timeout(30_000)
        yield await context.new_page()


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def heading(page: Page) -> str:
    return await page.get_by_role("heading", level=1).inner_text()


async def sign_in(page: Page, person: Person) -> None:
    address = (await person.http.post("/auth/login-address")).json()["url"]
    await page.goto(address)
    assert "auth_token" not in page.url


async def bring(page: Page, clip: Path, folder: Path) -> None:
    """Follows what the first page says to do next, to the recipe's page."""
    await page.get_by_role("link", name="Upload a medium").click()
    await page.get_by_label("Video, sound or a picture").set_input_files(clip)
    await press(page, "Upload")
    assert await heading(page) == clip.name
    await page.get_by_role("link", name="artdagd", exact=True).click()
    await page.get_by_role("link", name="Upload a recipe").click()
    (folder / "small.yaml").write_text(SMALL)
    await page.get_by_label("A recipe (YAML)").set_input_files(folder / "small.yaml")
    await press(page, "Upload")
    await page.get_by_role("link", name="artdagd", exact=True).click()
    await page.get_by_role("link", name="Choose what goes in").click()
    assert "Half of it, and smaller" in await page.inner_text("main")


async def playing(page: Page, node: Node, person: Person) -> None:
    """The run's page as a browser with script has it tells that its video has pictures."""
    assert page.context.browser
    context = await page.context.browser.new_context(bypass_csp=True)  # to wait, Playwright evaluates
    await context.add_cookies(await page.context.cookies())  # type: ignore[arg-type]
    watched = await context.new_page()
    await watched.goto(page.url)
    await watched.wait_for_function("document.querySelector('video').readyState >= 2", timeout=20_000)
    assert await watched.evaluate("document.querySelector('video').videoWidth") == 48
    await watched.evaluate("document.querySelector('video').play()")
    await watched.wait_for_function("document.querySelector('video').ended", timeout=20_000)
    await context.close()


@pytest.mark.slow  # the story of the registry goes the same way on every change
async def test_from_an_empty_node_to_a_described_clip_and_back(page: Page, tmp_path: Path):
    clip = numbered_clip(tmp_path / "tram <b>7.mp4", 25)
    async with running_node(tmp_path / "home") as (node, person):
        await sign_in(page, person)
        assert "Nothing is rendered here yet" in await page.inner_text("main")
        await bring(page, clip, tmp_path)
        await page.get_by_label("One of yours").select_option(index=1)
        await page.get_by_label("width").fill("48")
        await page.get_by_label("sound").select_option("no")
        await press(page, "Run")
        await page.locator("video").wait_for()  # the page loads itself until then
        assert "completed" in await heading(page)
        await playing(page, node, person)
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Download").click()
        run = (await person.http.get("/runs")).json()["items"][0]
        assert (run["params"], run["status"]) == ({"width": 48, "sound": False}, "completed")
        raw = await person.http.get(f"/cache/{run['output_cid']}/raw")
        assert Path(await (await coming.value).path()).read_bytes() == raw.content
        await describe(page)
        await remove_all(page, node)
        assert [(await person.http.get(path)).json()["total"] for path in ("/media", "/recipes", "/runs")] == [0, 0, 0]


async def describe(page: Page) -> None:
    await page.get_by_role("link", name="Describe it").click()
    await page.get_by_text("Describe it: title").click()
    await page.get_by_label("Title").fill("At <i>night</i>")
    await page.get_by_label("Description").fill("\n\nFirst line\nSecond line")
    await page.get_by_label("Tags, with commas").fill("tram, night,, tram")
    await press(page, "Save")
    assert await heading(page) == "At <i>night</i>"
    assert await page.get_by_label("Tags, with commas").input_value() == "tram, night"
    assert (await page.get_by_label("Description").input_value()).splitlines()[-2:] == ["First line", "Second line"]
    await page.get_by_text("Edit: title").click()
    await page.get_by_label("Title").fill("")
    await press(page, "Save")
    assert await heading(page) != "At <i>night</i>"


async def remove_all(page: Page, node: Node) -> None:
    for list_, count in (("media", 2), ("recipes", 1), ("runs", 1)):
        for _ in range(count):
            await page.goto(f"{node.url}/{list_}")
            await page.locator(".cards a, .rows a, .run-name").first.click()
            await page.get_by_text("Delete…").click()
            await press(page, "Delete it")
            assert page.url == f"{node.url}/{list_}"


async def test_a_run_is_cancelled_and_tried_again(page: Page, tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (node, person):
        cid = await person.upload(numbered_clip(tmp_path / "clip.mp4", 5))
        run = await person.start(effect="blur", inputs=[cid])
        await sign_in(page, person)
        await page.goto(f"{node.url}/run/{run['run_id']}")
        await press(page, "Cancel")
        assert "cancelled" in await heading(page)
        await press(page, "Try again")
        assert "cancelled" not in await heading(page)
        assert await page.get_by_role("button", name="Cancel", exact=True).count() == 1


async def test_what_is_wrong_with_a_recipe_is_told_with_its_line(page: Page, tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (node, person):
        await sign_in(page, person)
        await page.goto(f"{node.url}/recipes")
        (tmp_path / "bad.yaml").write_text(SMALL.replace("RESIZE", "RESISE"))
        await page.get_by_label("A recipe (YAML)").set_input_files(tmp_path / "bad.yaml")
        await press(page, "Upload")
        said = await page.inner_text("main")
        assert "Invalid recipe" in said
        assert "line 11, column 22" in said
        assert "did you mean 'RESIZE'" in said
