"""A node whose blobs are copied to a bucket of a real S3 service, if this machine has one."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
from artdagd_storage_s3 import Bucket

from artdagd.hooks.manager import Plugins
from plugins.storage_s3.tests.gateways import Gateway, gateway

__all__ = ["Copies", "Gateway", "gateway", "impatient", "until"]


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


def impatient(plugins: Plugins, seconds: float) -> Plugins:
    """``plugins``, with buckets that give up when nothing happens for ``seconds``, twice."""
    found = plugins._found["storage"]
    found["s3"] = msgspec.structs.replace(found["s3"], open=functools.partial(Bucket, timeout=seconds, attempts=2))
    return plugins


class Copies:
    """What a node's API says of copies. ``http`` is an administrator's."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def add_bucket(self, service: Gateway, name: str, *, port: int = 0) -> str:
        config = msgspec.to_builtins(service.config(name, port=port))
        return await self._add({"type": "s3", "name": name, "config": config})

    async def add_folder(self, folder: Path) -> str:
        folder.mkdir()
        return await self._add({"type": "local", "name": folder.name, "config": {"path": str(folder)}})

    async def _add(self, body: dict[str, Any]) -> str:
        answer = await self.http.post("/storage/add", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["provider_id"])

    async def upload(self, data: bytes) -> str:
        answer = await self.http.post("/cache/upload", files={"file": ("a.bin", data)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["cid"])

    async def of(self, cid: str) -> dict[str, str]:
        """The state of each copy, by provider."""
        found = (await self.http.get(f"/cache/{cid}")).json()["replication"]
        return {one: copy["state"] for one, copy in found.items()}

    async def made(self, *cids: str) -> None:
        """Wait until every copy is made."""

        async def done() -> bool:
            return all([set((await self.of(cid)).values()) == {"replicated"} for cid in cids])

        await until(done)
