"""The whole story in a browser: log in at the registry, attach, render, publish, see the work there, log out there."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from registries import PASSWORD, running_registry

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests"))

from browsers import chromium  # noqa: E402
from clips import numbered_clip  # noqa: E402
from nodes import STATE, running_node  # noqa: E402
from ports import free_port  # noqa: E402

RECIPE = """
name: tint
version: "1.0"
inputs:
  clip: {type: video, description: "Any footage"}
steps:
  - {id: short, type: SEGMENT, inputs: [clip], config: {start: 0, duration: 0.5}}
  - {id: small, type: RESIZE, inputs: [short], config: {width: 160, height: 90}}
output: small
"""


@asynccontextmanager
async def browser_page() -> AsyncIterator[object]:
    async with chromium() as browser:
        context = await browser.new_context(java_script_enabled=False)
        context.set_default_timeout(20_000)
        yield await context.new_page()


async def test_attach_render_publish_and_log_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    monkeypatch.setenv(STATE, str(request.config.cache.mkdir("artdagd-state")))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with running_registry(tmp_path / "registry") as registry:
        await registry.add_user("giles")
        plugins = {"federation_l2": {"server": registry.url, "domain": registry.domain}}
        settings = {"port": port, "public_url": address, "outbound_private": ("127.0.0.1",), "plugins": plugins}
        async with running_node(tmp_path / "home", **settings) as (node, _), browser_page() as page:
            await registry.add_renderer(address, "The node")
            await _log_in_and_attach(page, registry.url, address)
            cid = await _render(page, address, tmp_path)
            await _publish(page, registry.url, address, cid)
            await _log_out(page, registry.url, address)
            assert node.ready


async def _log_in_and_attach(page, registry: str, address: str) -> None:
    await page.goto(f"{registry}/login")
    await page.get_by_label("Name").fill("giles")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.goto(f"{registry}/renderers")
    await page.get_by_role("button", name="Attach").click()
    await page.wait_for_url(f"{address}/")
    assert page.url == f"{address}/"
    assert "@giles@art.example" in await page.inner_text("body")


async def _render(page, address: str, folder: Path) -> str:
    await page.goto(f"{address}/media")
    await page.set_input_files("input[type=file]", numbered_clip(folder / "bunny.mp4", 25))
    await page.get_by_role("button", name="Upload", exact=True).click()
    await page.goto(f"{address}/recipes")
    (folder / "tint.yaml").write_text(RECIPE)
    await page.set_input_files("input[type=file]", folder / "tint.yaml")
    await page.get_by_role("button", name="Upload", exact=True).click()
    chosen = page.locator("select[name='inputs.clip']")
    for _ in range(200):  # until a worker has looked at the clip, it is no video
        await page.goto(f"{address}/recipe/tint")
        if await chosen.count():
            break
        await page.wait_for_timeout(100)
    await page.select_option("select[name='inputs.clip']", index=1)
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.get_by_role("link", name="Describe it").click(timeout=60_000)
    await page.get_by_text("Describe it: title").click()
    await page.get_by_label("Title").fill("Small <b>bunny</b>")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("heading", level=1, name="Small <b>bunny</b>").wait_for()
    return page.url.rpartition("/")[2]


async def _publish(page, registry: str, address: str, cid: str) -> None:
    await page.goto(f"{address}/cache/{cid}")
    await page.get_by_role("button", name="Publish on").click()
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(f"{address}/cache/{cid}/raw")
        assert answer.status_code == 200
    work = page.get_by_role("link", name="Small <b>bunny</b>")
    for _ in range(100):  # the outbox delivers in its own time
        await page.goto(f"{registry}/works")
        if await work.count():
            break
        await page.wait_for_timeout(200)
    await work.first.click()
    text = await page.inner_text("main")
    assert cid in text
    assert "giles" in text


async def _log_out(page, registry: str, address: str) -> None:
    await page.goto(f"{registry}/")
    await page.get_by_role("button", name="Log out").click()
    for _ in range(100):
        answer = await page.goto(f"{address}/runs")
        if answer.status == 401:
            break
        await page.wait_for_timeout(200)
    assert answer.status == 401
