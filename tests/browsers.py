"""A headless Chromium for tests, and a node to look at."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from needs import missing
from playwright.async_api import Browser, async_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

SMALL = """\
name: small
version: "1"
description: Half of it, and smaller
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
"""A recipe of two steps, with a file, a number and a switch to fill in."""


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or missing("chromium", "apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()
