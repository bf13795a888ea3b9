"""A run that is watched while it renders, in a browser that plays HTTP Live Streams."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium
from clips import numbered_clip
from nodes import running_node
from playwright.async_api import Page, expect

from artdagd.runs.compute import Compute

SECONDS = 12
RECIPE = json.dumps(
    {
        "name": "long",
        "inputs": {"clip": {"type": "video"}},
        "steps": [{"id": "soft", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "blur", "sigma": 2}}],
        "output": "soft",
    }
)
STREAM, RESULT = "#run-live video", "#run-result video"
OTHER_BROWSER = "HTMLMediaElement.prototype.canPlayType = () => ''"


async def until(page: Page, expression: str) -> None:
    """Waits until ``expression`` is true; a page with our policy evaluates nothing by itself."""
    async with asyncio.timeout(60):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.05)


async def test_a_run_plays_while_it_renders_and_its_result_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    held: dict[str, asyncio.Event] = {}
    render = Compute.render

    async def hold(self: Compute, name: str, *args: Any) -> Any:
        if name in held:
            await held[name].wait()
        return await render(self, name, *args)

    monkeypatch.setattr(Compute, "render", hold)
    async with running_node(tmp_path / "home") as (node, person), chromium() as browser:
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 25 * SECONDS))
        body = {"recipe_yaml": RECIPE, "inputs": {"clip": clip}}
        plan = (await person.http.post("/api/plan", json=body)).json()
        last = held[plan["passes"][-1]["segments"][-1]["segment_id"]] = asyncio.Event()
        run_id = (await person.start(**body))["run_id"]
        expect.set_options(timeout=30_000)
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        await page.goto(f"{node.url}/run/{run_id}")
        await until(page, f"document.querySelector('{STREAM}')?.readyState >= 3")
        await page.evaluate(f"document.querySelector('{STREAM}').play()")
        await until(page, f"document.querySelector('{STREAM}').currentTime > 3")
        assert (await person.http.get(f"/api/run/{run_id}")).json()["status"] == "running"

        errors: list[str] = []
        other = await context.new_page()
        other.on("pageerror", lambda error: errors.append(str(error)))
        other.on("console", lambda message: errors.append(message.text))
        await other.add_init_script(OTHER_BROWSER)
        await other.goto(f"{node.url}/run/{run_id}")
        await other.locator("#run-steps li[data-step]").first.wait_for()
        await expect(other.locator("#run-live > *")).to_be_hidden()
        assert errors == []
        await other.close()

        last.set()
        await until(page, f"document.querySelector('{RESULT}')?.duration === {SECONDS}")
        assert await page.evaluate(f"document.querySelector('{RESULT}').currentTime") > 3
        await expect(page.locator(STREAM)).to_have_count(0)
        assert (await person.http.get(f"/api/run/{run_id}")).json()["status"] == "completed"
