"""A run that renders when a test says so, and somebody who watches it in a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium
from clips import numbered_clip
from nodes import Person, running_node
from playwright.async_api import BrowserContext, Page, expect

from artdagd.node import Node
from artdagd.runs.compute import Compute

SECONDS, EACH = 12, 2
RECIPE = {
    "name": "long",
    "inputs": {"clip": {"type": "video"}},
    "steps": [{"id": "soft", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "blur", "sigma": 2}}],
    "output": "soft",
}
VIDEO, SAID = "#run-live video", "#run-live [role=status]"
KEEP = """async () => {
    const { Stream } = await import("/static/js/stream.js");
    const { told } = Stream.prototype;
    Stream.prototype.told = function (view) { window.stream = this; told.call(this, view); };
}"""
"""Has a page that evaluates it show what feeds its video as ``window.stream``."""


class Held:
    """The segments of a run, each rendered when the test says so."""

    def __init__(self, names: list[str]) -> None:
        self._events = {name: asyncio.Event() for name in names}
        self._names = names

    def release(self, *numbers: int) -> None:
        for number in numbers:
            self._events[self._names[number]].set()

    async def turn(self, name: str) -> None:
        if name in self._events:
            await self._events[name].wait()


@asynccontextmanager
async def watched(
    home: Path, monkeypatch: pytest.MonkeyPatch, *flags: str, clip: Path | None = None, **output: Any
) -> AsyncIterator[tuple[Node, Person, BrowserContext, str, Held]]:
    """A node that renders a film of six segments, of which none is rendered yet, and somebody who is signed in; the
    browser has ``flags``, and ``output`` is that of the recipe."""
    render, held = Compute.render, Held([])

    async def hold(self: Compute, name: str, *args: Any) -> Any:
        await held.turn(name)
        return await render(self, name, *args)

    monkeypatch.setattr(Compute, "render", hold)
    async with running_node(home / "home") as (node, person), chromium(*flags) as browser:
        cid = await person.upload(clip or numbered_clip(home / "clip.mp4", 25 * SECONDS))
        recipe = RECIPE | ({"output": {"step": "soft", **output}} if output else {})
        body = {"recipe_yaml": json.dumps(recipe), "inputs": {"clip": cid}}
        plan = (await person.http.post("/api/plan", json=body)).json()
        held = Held([part["segment_id"] for part in plan["passes"][-1]["segments"]])
        run_id = (await person.start(**body))["run_id"]
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto((await person.http.post("/auth/login-address")).json()["url"])
        await page.close()
        expect.set_options(timeout=30_000)
        yield node, person, context, run_id, held


async def until(page: Page, expression: str) -> None:
    """Waits until ``expression``, of the ``video``, is true; a page with our policy evaluates nothing by itself."""
    async with asyncio.timeout(60):
        while not await seen(page, expression):
            await asyncio.sleep(0.05)


async def seen(page: Page, expression: str) -> Any:
    return await page.evaluate(f"(() => {{ const video = document.querySelector('{VIDEO}'); return {expression}; }})()")
