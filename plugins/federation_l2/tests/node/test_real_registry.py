"""The node and the registry of this package, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from registries import RunningRegistry, running_registry
from visitors import browser, sign_in
from works import published, told, upload

from artdagd.node import Node
from tests.nodes import running_node
from tests.ports import free_port


class Clock:
    """The registry's, which a test may set ahead."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def l2(tmp_path: Path, clock: Clock) -> AsyncIterator[RunningRegistry]:
    async with running_registry(tmp_path / "registry", clock=clock) as made:
        await made.add_user("giles")
        yield made


@pytest.fixture
async def node_of(l2: RunningRegistry, tmp_path: Path) -> AsyncIterator[Node]:
    port = free_port()
    own = {"server": l2.url, "domain": l2.domain}
    url = f"http://127.0.0.1:{port}"
    options = {"port": port, "public_url": url, "outbound_private": ("127.0.0.1",), "workers": 0}
    async with running_node(tmp_path / "home", plugins={"federation_l2": own}, **options) as (node, _):
        await l2.add_renderer(node.url)
        yield node


async def token_of(l2: RunningRegistry, who: object, node: Node) -> str:
    address = await l2.attach(who, node.url)  # type: ignore[arg-type]
    return address.partition("auth_token=")[2]


async def test_attach_publish_withdraw_and_log_out(l2, node_of):
    async with l2.signed_in("giles") as person, browser(node_of.url) as giles:
        token = await token_of(l2, person, node_of)
        await sign_in(giles, token)
        assert (await giles.get("/auth/session")).json()["user"] == f"@giles@{l2.domain}"
        assert (await giles.get("/auth", params={"auth_token": token})).status_code == 401

        cid = await upload(giles)
        await giles.patch(f"/cache/{cid}/meta", json={"title": "Cats & <Dogs>"})
        await published(giles, cid)
        await told(giles, cid, "delivered")
        page = (await published(giles, cid))["url"]
        assert page.startswith(f"{l2.url}/works/")
        assert "Cats &amp; &lt;Dogs&gt;" in (await person.get(page)).text
        await giles.delete(f"/cache/{cid}/publish")
        async with asyncio.timeout(10):
            while (await person.get(page)).status_code == 200:
                await asyncio.sleep(0.05)

        await l2.log_out(person)
        began = time.monotonic()
        async with asyncio.timeout(10):
            while (await giles.get("/runs")).status_code == 200:
                await asyncio.sleep(0.05)
        assert time.monotonic() - began < 5


async def test_tokens_are_good_once_for_one_node_and_for_a_minute(l2, node_of, clock):
    """F11 and F12 at the registry itself: a token that was used, for another node, or is too old."""
    async with l2.signed_in("giles") as person, browser(node_of.url) as visitor:
        await l2.add_renderer("https://other.example")
        used = await token_of(l2, person, node_of)
        async with browser(node_of.url) as first:
            await sign_in(first, used)
        theirs = (await l2.attach(person, "https://other.example")).partition("auth_token=")[2]
        for token in (used, theirs, used[:-1] + ("A" if used[-1] != "A" else "B")):
            assert (await visitor.get("/auth", params={"auth_token": token})).status_code == 401
        old = await token_of(l2, person, node_of)
        clock.ahead = 61
        assert (await visitor.get("/auth", params={"auth_token": old})).status_code == 401
        assert not visitor.cookies
