"""Runs in a browser with script: followed live, compared, looked at over time, and in a long list."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from browsers import chromium
from clips import click_track, numbered_clip
from nodes import Person, running_node
from playwright.async_api import Page, Route, expect
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.database import Database
from artdagd.database.rows import to_row
from artdagd.database.runs import RunFailure, RunRow, StepRow
from artdagd.database.tables import runs
from artdagd.node import Node
from tests import databases

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEEDED = 1000
STEPS = 40
"""So many that levels which are finished are folded."""

RECIPE = """\
name: lit
version: "1"
inputs: {clip: {type: video}, song: {type: audio}}
params: {sigma: {type: number, default: 2, min: 0, max: 20}}
steps:
  - {id: heard, type: ANALYZE, inputs: [song], config: {features: [energy, silence]}}
  - {id: lit, type: EFFECT, inputs: [clip], config: {effect: hue, saturation: {energy: heard, from: 0.5, to: 2}}}
  - {id: soft, type: EFFECT, inputs: [lit], config: {effect: blur, sigma: $params.sigma}}
output: soft
"""
SILENT = """\
name: silent
inputs: {clip: {type: video}}
steps:
  - {id: heard, type: ANALYZE, inputs: [clip], config: {features: [beats]}}
  - {id: cut, type: BEAT_SYNC, inputs: [clip, heard], config: {mode: cut}}
output: cut
"""


class Place(msgspec.Struct):
    """A node whose worker has left, what it made before, and a page that is signed in."""

    node: Node
    person: Person
    page: Page
    clip: str
    made: list[dict[str, Any]]
    failed: dict[str, Any]


async def seed(home: Path) -> None:
    """Runs that ended long ago, one of which failed in a step."""
    home.mkdir(parents=True)
    database = await Database.open(databases.url_of(home))
    common: dict[str, Any] = {"owner": "admin", "recipe_id": "r", "started_at": "2026-01-01T00:00:00Z",
                              "finished_at": "2026-01-01T00:00:09Z"}  # fmt: skip
    failure = RunFailure("two", "Step failed", "the picture is <b>too</b> wide. Make it smaller.", "Make it smaller.")
    rows = [
        RunRow(
            run_id=f"run-old-{number}",
            status="completed",
            recipe_name="old",
            created_at="2026-01-01T00:00:00Z",
            **common,
        )
        for number in range(SEEDED)
    ]
    rows.append(
        RunRow(
            run_id="run-wrong",
            status="failed",
            recipe_name="wrong",
            created_at="2026-01-02T00:00:00Z",
            error=failure,
            **common,
        )
    )

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(runs.insert(), [to_row(msgspec.structs.asdict(row), runs) for row in rows])

    await database.write(work)
    kept: dict[str, Any] = {"run_id": "run-wrong", "type": "EFFECT"}
    steps = [StepRow(step_id=f"one{at}", position=at, level=0, status="completed", **kept) for at in range(STEPS)]
    wide = "the picture is <b>too</b> wide"
    steps.append(StepRow(step_id="two", position=STEPS, level=1, status="failed", error=wide, **kept))
    await database.runs.put_steps("run-wrong", steps)
    await database.close()


@asynccontextmanager
async def worker(node: Node) -> AsyncIterator[None]:
    socket = f"ipc://{node.settings.home / 'run' / 'workers.sock'}"
    command = [sys.executable, "-m", "artdagd.cli.daemon", "worker", "--connect", socket]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("runs")
    home = folder / "home"
    await seed(home)
    async with running_node(home, workers=0) as (node, person), chromium() as browser:
        clip = await person.upload(numbered_clip(folder / "clip.mp4", 12))
        song = await person.upload(click_track(folder / "song.flac", [0.5, 1.0, 1.5], 2.0))
        await person.http.post("/recipes/upload", content=RECIPE)
        async with worker(node):
            inputs = {"clip": clip, "song": song}
            made = [await person.run(recipe="lit", inputs=inputs, params={"sigma": sigma}) for sigma in (2, 5)]
            failed = await person.run(recipe_yaml=SILENT, inputs={"clip": clip})
        assert [run["status"] for run in made] == ["completed", "completed"], made
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        yield Place(node, person, page, clip, made, failed)


async def until(page: Page, expression: str) -> None:
    """Waits until ``expression`` is true; a page with our policy evaluates nothing by itself."""
    async with asyncio.timeout(30):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.05)


async def held(place: Place, sigma: float) -> str:
    """A run that waits for a worker; it is what the page shows."""
    run = await place.person.start(effect="blur", inputs=[place.clip], config={"sigma": sigma})
    await place.page.goto(f"{place.node.url}/run/{run['run_id']}")
    await place.page.evaluate("window.same = true")
    return str(run["run_id"])


async def test_a_run_is_followed_to_its_playing_result(place: Place):
    page = place.page
    await held(place, 3)
    await expect(page.locator("progress.run-bar")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).not_to_contain_text("completed")
    async with worker(place.node):
        await page.locator("video").wait_for()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("completed")
        await until(page, "document.querySelector('video').readyState >= 2")
    await expect(page.locator("#said")).to_have_text("blur: completed")
    await expect(page).to_have_title("blur: completed · artdagd")
    await expect(page.locator("li[data-step] .status")).to_have_text("completed")
    assert await page.locator("g.box[data-state]").first.get_attribute("data-state") == "completed"
    assert await page.locator("progress.run-bar").count() == 0
    assert await page.evaluate("window.same")


@pytest.mark.parametrize("status", [200, pytest.param(429, marks=pytest.mark.slow)])
async def test_a_stream_that_is_cut_or_refused_loses_nothing(place: Place, status: int):
    page = place.page
    cut = 0

    async def break_off(route: Route) -> None:
        nonlocal cut
        cut += 1
        await route.fulfill(status=status, content_type="text/event-stream", body="retry: 200\n\n")

    await page.route("**/events", break_off)
    try:
        run_id = await held(place, 4)
        async with asyncio.timeout(30):
            while not cut:
                await asyncio.sleep(0.05)
        await place.person.http.post(f"/runs/{run_id}/cancel")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled")
        assert await page.evaluate("window.same")
    finally:
        await page.unroute("**/events")


async def test_two_tabs_show_the_same_and_a_run_is_tried_again(place: Place):
    page = place.page
    await held(place, 6)
    other = await page.context.new_page()
    other.set_default_timeout(30_000)
    await other.goto(page.url)
    await other.evaluate("window.same = true")
    await page.get_by_role("button", name="Cancel", exact=True).click()
    for tab in (page, other):
        await expect(tab.get_by_role("heading", level=1)).to_contain_text("cancelled")
    await page.get_by_role("button", name="Try again").click()
    for tab in (page, other):
        await expect(tab.get_by_role("heading", level=1)).not_to_contain_text("cancelled")
    await other.get_by_role("button", name="Cancel", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled")
    assert await page.evaluate("window.same")
    assert await other.evaluate("window.same")
    await other.close()


async def test_a_failure_says_what_to_do_and_leads_to_its_step(place: Place):
    page = place.page
    await page.goto(f"{place.node.url}/run/run-wrong")
    alert = page.locator("#run-error [role=alert]")
    await expect(alert.locator("p").first).to_have_text("the picture is <b>too</b> wide.")
    await expect(alert.locator("p b").first).to_have_text("Make it smaller.")
    await alert.get_by_role("link", name="two").click()
    await expect(page.locator("#step-two .failure")).to_have_text("the picture is <b>too</b> wide")
    assert page.url.endswith("#step-two")
    assert await page.locator("details.level[open]").count() == 1
    await expect(page.locator("#level-0 summary")).to_contain_text(f"{STEPS} of {STEPS} finished")
    await expect(page.locator("#step-one0")).to_be_hidden()
    assert place.failed["error"]["advice"]
    await page.goto(f"{place.node.url}/run/{place.failed['run_id']}")
    await expect(alert.locator("p b").first).to_have_text(place.failed["error"]["advice"])


async def test_a_run_is_begun_again_with_changes(place: Place):
    page = place.page
    await page.goto(f"{place.node.url}/run/{place.made[1]['run_id']}")
    address = await page.get_by_role("link", name="Run again with changes").get_attribute("href")
    assert address
    assert f"inputs.clip={place.clip}" in address
    assert address.endswith("params.sigma=5#run")


async def test_what_was_found_goes_with_the_player(place: Place):
    page = place.page
    await page.goto(f"{place.node.url}/run/{place.made[0]['run_id']}/analysis")
    cursor = page.get_by_role("slider", name="Place in time")
    await until(page, "document.querySelector('audio').readyState >= 1")
    box = await page.locator(".tracks").bounding_box()
    assert box
    await page.locator(".tracks").click(position={"x": box["width"] * 0.75, "y": 40})
    await until(page, "Math.abs(document.querySelector('audio').currentTime - 1.5) < 0.02")
    await expect(cursor).to_have_attribute("aria-valuetext", "0:01.50")
    await page.evaluate("document.querySelector('audio').currentTime = 0.5")
    await expect(cursor).to_have_attribute("aria-valuetext", "0:00.50")
    await cursor.press("ArrowRight")
    await until(page, "document.querySelector('audio').currentTime === 1.5")
    await page.get_by_role("button", name="Show less time").click()
    assert await page.evaluate("document.querySelector('.tracks').offsetWidth") == pytest.approx(
        2 * box["width"], rel=0.01
    )
    assert await page.locator(".track.curve polygon").count() == 1


async def test_two_runs_are_compared(place: Place):
    page = place.page
    before, now = (run["run_id"] for run in place.made)
    await page.goto(f"{place.node.url}/runs?recipe=lit")
    for run_id in (before, now):
        await page.locator(f"input[value={run_id}]").check()
    await page.get_by_role("link", name="Compare", exact=True).click()
    await expect(page).to_have_url(f"{place.node.url}/run/{now}/compare?against={before}")
    changed = page.locator(".steps > li").filter(has_text="soft")
    await expect(changed).to_contain_text("sigma")
    await expect(changed.locator("del")).to_have_text("2.0")
    await expect(changed.locator("ins")).to_have_text("5.0")
    await until(page, "[...document.querySelectorAll('video')].filter(one => one.readyState >= 2).length === 2")
    await page.evaluate("document.querySelectorAll('video')[1].currentTime = 0.3")
    await until(page, "Math.abs(document.querySelectorAll('video')[0].currentTime - 0.3) < 0.13")
    await page.get_by_role("button", name="One over the other").click()
    boxes = [await video.bounding_box() for video in await page.locator("video").all()]
    assert boxes[0] == boxes[1]
    await page.get_by_role("button", name="Play both").click()
    await until(page, "[...document.querySelectorAll('video')].every(one => one.ended)")


async def test_what_steps_left_is_kept_and_shown(place: Place):
    page = place.page
    await page.goto(f"{place.node.url}/run/{place.made[0]['run_id']}/artifacts")
    await expect(page.locator(".artifacts > li")).to_have_count(2)
    assert await page.locator(".artifacts video").get_attribute("preload") == "none"
    tree = page.locator(".data")
    await tree.get_by_text("energy").click()
    await expect(tree).to_contain_text("hop")
    answer = await place.person.http.post(f"/run/{place.made[0]['run_id']}/artifacts/soft")
    assert (answer.status_code, answer.json()["cid"]) == (201, place.made[0]["output_cid"])
    assert (await place.person.http.post(f"/run/{place.made[0]['run_id']}/artifacts/lit")).status_code == 409


async def test_a_long_list_is_found_in_and_kept_up_to_date(place: Place):
    page, node = place.page, place.node
    run = await place.person.start(effect="blur", inputs=[place.clip], config={"sigma": 7})
    await page.goto(f"{node.url}/runs")
    assert await page.locator(".runs > li").count() == 20
    await page.evaluate("window.same = true")
    row = page.locator(f"#row-{run['run_id']}")
    await row.get_by_role("button", name="Cancel").click()
    await expect(row.locator(".status")).to_have_text("cancelled")
    later = await place.person.start(effect="blur", inputs=[place.clip], config={"sigma": 8})
    await page.goto(f"{node.url}/runs?status=pending")
    await page.goto(f"{node.url}/runs")
    await place.person.http.post(f"/runs/{later['run_id']}/cancel")
    await expect(page.locator(f"#row-{later['run_id']} .status")).to_have_text("cancelled")
    await page.get_by_label("Recipe, by name or id").fill("old")
    await page.get_by_role("button", name="Find").click()
    await expect(page.locator(".chips [aria-current]")).to_contain_text("all")
    await expect(page.locator(".runs > li").first).to_contain_text("old")
    await page.get_by_role("link", name="Older").click()
    await expect(page.get_by_text("Page 2")).to_be_visible()
