"""Works that people publish on a node, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


async def upload(who: httpx.AsyncClient, text: bytes = b"a work", name: str = "a <b>.txt") -> str:
    answer = await who.post("/cache/upload", files={"file": (name, text)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["cid"])


async def published(who: httpx.AsyncClient, cid: str) -> dict[str, Any]:
    answer = await who.post(f"/cache/{cid}/publish")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(who: httpx.AsyncClient, cid: str, state: str, count: int = 1) -> list[dict[str, Any]]:
    """The deliveries of a work, as soon as ``count`` of them are in ``state``."""
    async with asyncio.timeout(90):
        while True:
            found = (await who.get(f"/cache/{cid}/publish")).json()["deliveries"]
            if len([one for one in found if one["state"] == state]) >= count:
                return list(found)
            await asyncio.sleep(0.05)
