"""Uploads where IPFS is on: answered once the IPFS node has them, and never as if it had."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from artdagd.cid import cid_of_bytes
from artdagd.errors import ConfigError
from artdagd.hooks.manager import Plugins
from artdagd.node import Node
from artdagd.settings import Settings
from tests.kubo import Kubo
from tests.nodes import Person, running_node
from tests.remotes import remote


async def send(person: Person, data: bytes) -> httpx.Response:
    return await person.http.post("/cache/upload", files={"file": ("one.bin", data)})


async def test_an_upload_is_on_ipfs_when_it_is_answered(node: tuple[Node, Person], ipfs: Kubo) -> None:
    for size in (0, 5, 1 << 20, (2 << 20) + 1):
        data = random.Random(size).randbytes(size)
        answer = await send(node[1], data)
        assert answer.status_code == 201, answer.text
        assert answer.json()["ipfs_cid"] == answer.json()["cid"] == cid_of_bytes(data)
        assert ipfs.pinned(cid_of_bytes(data))
    ipfs.run("pin", "rm", answer.json()["cid"])
    again = await send(node[1], data)
    assert (again.json()["existed"], again.json()["ipfs_cid"]) == (True, cid_of_bytes(data))
    assert ipfs.pinned(cid_of_bytes(data)), "what was unpinned behind its back is pinned by the next upload"
    blocks = {cid_of_bytes(data), *ipfs.run("refs", cid_of_bytes(data)).split()}
    assert (await node[1].http.delete(f"/cache/{cid_of_bytes(data)}")).status_code == 204
    async with asyncio.timeout(30):
        while blocks & set(ipfs.run("refs", "local").split()):  # a deleted upload goes from there, too
            await asyncio.sleep(0.05)


async def test_without_ipfs_an_upload_has_no_ipfs_cid(tmp_path: Path) -> None:
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        assert (await send(person, b"x")).json()["ipfs_cid"] is None
        missing = await person.http.get(f"/ipfs/{cid_of_bytes(b'nobody has it')}/raw")
        assert missing.status_code == 404


@pytest.mark.parametrize(
    "script",
    [
        None,
        pytest.param(b"", marks=pytest.mark.slow),
        pytest.param(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", marks=pytest.mark.slow),
    ],
)
async def test_an_ipfs_node_that_is_down_is_told_and_nothing_is_lost(
    tmp_path: Path, ipfs: Kubo, script: bytes | None
) -> None:
    """Down: nothing listens, connections end, errors are answered."""
    async with remote(script or b"") as server:
        port = server.port if script is not None else 1
        plugins = {"storage_ipfs": {"api": f"/ip4/127.0.0.1/tcp/{port}", "pin_name": tmp_path.name}}
        async with running_node(tmp_path / "home", workers=0, plugins=plugins) as (_, person):
            answer = await send(person, b"kept all the same")
            assert answer.status_code == 503, answer.text
            assert "ipfs" in answer.text.lower()
            assert answer.headers["Retry-After"]
            cid = cid_of_bytes(b"kept all the same")
            assert (await person.http.get(f"/cache/{cid}/raw")).content == b"kept all the same"
    plugins = {"storage_ipfs": {"api": ipfs.api, "pin_name": tmp_path.name}}
    async with running_node(tmp_path / "home", workers=0, plugins=plugins) as (_, person):
        assert (await send(person, b"kept all the same")).json()["ipfs_cid"] == cid
        assert ipfs.pinned(cid)


async def test_primary_without_an_ipfs_node_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPFS_PRIMARY", "true")
    with pytest.raises(ConfigError, match="IPFS_API names no IPFS node"):
        async with Node(Settings(home=tmp_path, port=0, workers=0)):
            pass


@pytest.mark.parametrize("variable", ["IPFS_API", "IPFS_PRIMARY"])
async def test_ipfs_without_the_plugin_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(ConfigError, match=f"{variable} is set, and no plugin here takes it"):
        async with Node(Settings(home=tmp_path, port=0, workers=0), Plugins.of()):
            pass
