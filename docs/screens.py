"""What ``make screens`` does: every page of a node that has worked, at a phone's and a desk's width, light and dark.

One picture a page, with its four views beside each other, goes to ``docs/images/pages``.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.async_api import Browser, async_playwright

from examples.demo import BIN, EXAMPLES, start, stop

FOLDER = Path(__file__).parent / "images" / "pages"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (1440, "light"),
    (1440, "dark"),
    (390, "light"),
    (390, "dark"),
)
TALLEST = 1800
"""Pixels of a page that are shown; what is further down looks alike."""
SCALE, GAP, QUALITY = 0.5, 12, 60
LOADED = "[...document.images].every(one => one.complete || one.getBoundingClientRect().top > innerHeight)"
BAD = "name: broken\nversion: '1'\ninputs: {clip: {type: video}}\nsteps:\n" + (
    "  - {id: late, type: SEGMENT, inputs: [clip], config: {start: 3600, duration: 1}}\noutput: late\n"
)


class Filled:
    """A node with media, recipes and runs, and the addresses of what there is to see."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._environment = environment
        self.home = home

    def addresses(self) -> dict[str, str]:
        """Name of the picture -> path on the node. Renders what has to be there for it."""
        bunny, music = EXAMPLES / "media" / "bunny.mp4", EXAMPLES / "media" / "music.ogg"
        beat = self._run("beat-sync.yaml", f"video={bunny}", f"audio={music}")
        chain = self._run("effect-chain.yaml", f"video={bunny}")
        (self.home / "broken.yaml").write_text(BAD)
        for recipe in ("beat-sync", "effect-chain", "montage"):
            self._control("recipes", "upload", str(EXAMPLES / f"{recipe}.yaml"))
        broken = self._run(str(self.home / "broken.yaml"), f"clip={bunny}")
        recipe = beat["recipe"]["recipe_id"]
        return {
            "home": "/", "media": "/media", "medium": f"/cache/{beat['output_cid']}",
            "recipes": "/recipes", "recipe": f"/recipe/{recipe}", "recipe-graph": f"/recipe/{recipe}/dag",
            "recipe-edit": f"/recipe/{recipe}/edit",
            "runs": "/runs", "run": f"/run/{beat['run_id']}", "run-failed": f"/run/{broken['run_id']}",
            "run-plan": f"/run/{beat['run_id']}/plan", "run-analysis": f"/run/{beat['run_id']}/analysis",
            "run-results": f"/run/{chain['run_id']}/artifacts", "storage": "/storage",
            "storage-add": "/storage/type/s3", "workers": "/workers", "nodes": "/nodes",
            "plugins": "/plugins", "docs": "/docs", "not-found": "/nothing",
        }  # fmt: skip

    def login(self) -> str:
        return self._control("login").split()[-1]

    def _run(self, recipe: str, *inputs: str) -> dict[str, Any]:
        given = [f"--input={one}" for one in inputs]
        self._control("run", str(EXAMPLES / recipe), *given, "--follow", fails=True)
        newest: dict[str, Any] = json.loads(self._control("runs", "list", "--json"))["items"][0]
        return newest

    def _control(self, *arguments: str, fails: bool = False) -> str:
        command = [str(BIN / "artdagctl"), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode and not fails:
            sys.exit(f"{' '.join(arguments)}: {done.stderr}{done.stdout}")
        return done.stdout


def main() -> int:
    home = Path(os.environ.get("ARTDAG_HOME", ".screens")).absolute()
    node, environment = start(home)
    try:
        filled = Filled(home, environment)
        asyncio.run(photograph(filled, filled.addresses()))
    finally:
        stop(node)
    return 0


async def photograph(filled: Filled, addresses: dict[str, str]) -> None:
    """A picture of each page into ``FOLDER``; pictures of pages that are no more are removed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await shots(browser, filled, addresses, *VIEWS[0])  # after which all posters are made
        views = [await shots(browser, filled, addresses, width, scheme) for width, scheme in VIEWS]
        await browser.close()
    for name in addresses:
        beside([view[name] for view in views]).save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
    for old in FOLDER.glob("*.webp"):
        if old.stem not in addresses:
            old.unlink()
    print(f"{len(addresses)} pages in {FOLDER}")


async def shots(
    browser: Browser, filled: Filled, addresses: dict[str, str], width: int, scheme: Literal["light", "dark"]
) -> dict[str, Image.Image]:
    """Every page in one width and scheme."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )  # to wait, Playwright evaluates
    page = await context.new_page()
    await page.goto(filled.login())
    address, found = page.url.rstrip("/"), {}
    for name, path in addresses.items():
        await page.goto(address + path)
        await page.wait_for_function(LOADED)
        picture = Image.open(BytesIO(await page.screenshot(full_page=True))).convert("RGB")
        found[name] = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    await context.close()
    return found


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Pictures in a row, at half of their size."""
    small = [
        one.resize((int(one.width * SCALE), int(one.height * SCALE)), Image.Resampling.LANCZOS) for one in pictures
    ]
    width = sum(one.width for one in small) + GAP * (len(small) - 1)
    sheet = Image.new("RGB", (width, max(one.height for one in small)), "#808080")
    at = 0
    for one in small:
        sheet.paste(one, (at, 0))
        at += one.width + GAP
    return sheet


if __name__ == "__main__":
    sys.exit(main())
