"""What ends when somebody signs out at the registry, and how nodes come to know."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from artdagd_federation_l2.signatures import SigningKey
from clocks import Clock, until
from fake_nodes import FakeNode, fake_node
from registries import RunningRegistry, running_registry
from signed import accept, arrived


async def sign_in(registry: RunningRegistry, browser: httpx.AsyncClient, node: FakeNode) -> None:
    token = (await registry.attach(browser, node.url)).partition("auth_token=")[2]
    assert (await node.verify(registry.url, token)).json()["active"] is True


async def test_signing_out_tells_each_node_that_a_token_was_used_at(tmp_path: Path) -> None:
    async with (
        running_registry(tmp_path) as registry,
        fake_node() as node,
        fake_node("peer") as second,
        fake_node("evil") as unused,
    ):
        await registry.add_user("anna")
        for one in (node, second, unused):
            await registry.add_renderer(one.url)
        async with registry.signed_in("anna") as browser:
            await sign_in(registry, browser, node)
            await sign_in(registry, browser, second)
            await registry.attach(browser, unused.url)
            await registry.log_out(browser)
            assert "Log out" not in (await browser.get("/")).text
        await until(lambda: bool(node.told and second.told))
        assert [one["body"] for one in node.told + second.told] == [{"username": "anna"}] * 2
        assert not unused.told

        actor = (await node.http.get(f"{registry.url}/actor")).json()
        assert actor["publicKey"]["id"] == f"{registry.url}/actor#main-key"
        key = registry.registry.services.key
        assert actor["publicKey"]["publicKeyPem"] == key.public_pem
        headers = {name.title(): value for name, value in node.told[0]["headers"].items()}
        request = arrived("POST", f"{node.url}/auth/revoke-user", headers, b'{"username":"anna"}')
        signed = await accept(
            request, SigningKey(key.key_id, key.private), now=Clock()(), authority=node.url.partition("://")[2]
        )
        assert signed.key_id == f"{registry.url}/actor#main-key"


async def test_a_node_that_was_away_is_told_later_over_a_restart_or_learns_by_asking(tmp_path: Path) -> None:
    clock = Clock()
    async with fake_node() as node, fake_node("peer") as asking:
        async with running_registry(tmp_path, clock=clock) as registry:
            await registry.add_user("anna")
            node.status = asking.status = 500
            for one in (node, asking):
                await registry.add_renderer(one.url)
            async with registry.signed_in("anna") as browser:
                await sign_in(registry, browser, node)
                await sign_in(registry, browser, asking)
                await registry.log_out(browser)
            await until(lambda: node.tries > 0 and asking.tries > 0)
            port = int(registry.url.rpartition(":")[2])
            said = await asking.revocations(registry.url)
            assert [(one["username"], one["seq"]) for one in said["items"]] == [("anna", said["next"])]
            assert (await asking.revocations(registry.url, said["next"])) == {"items": [], "next": said["next"]}
            assert (await asking.revocations(registry.url, 10**9))["next"] >= said["next"]
        node.status = asking.status = 200
        clock.ahead = 60
        asking.tries = 0
        async with running_registry(tmp_path, clock=clock, port=port) as registry:
            await until(lambda: bool(node.told))
            assert node.told[0]["body"] == {"username": "anna"}
            assert asking.tries == 0, "who asks after a revocation knows it"


async def test_a_node_is_called_for_a_day(tmp_path: Path) -> None:
    clock = Clock()
    async with fake_node() as node, running_registry(tmp_path, clock=clock) as registry:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        node.status = 503
        async with registry.signed_in("anna") as browser:
            await sign_in(registry, browser, node)
            await registry.log_out(browser)
        endings = registry.registry.services.endings

        async def put_off(times: int | None) -> None:
            """Until the call was put off so often; None: until it was given up."""
            async with asyncio.timeout(20):
                while (row := await endings.database.row("SELECT tries FROM calls")) != times:
                    if row is not None and row["tries"] == times:
                        return
                    endings.told.set()

        for number, hours in enumerate((1, 12, 23.9, 24.1), 1):
            await put_off(number)
            clock.ahead = hours * 3600
        await put_off(None)
        assert node.tries == 5
        assert (await node.send("GET", f"{registry.url}/auth/revocations?since=0", at=clock())).json()["items"]


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "", "9" * 16, "٣"])
async def test_since_is_a_number(tmp_path: Path, since: str) -> None:
    async with fake_node() as node, running_registry(tmp_path) as registry:
        await registry.add_renderer(node.url)
        answer = await node.send("GET", f"{registry.url}/auth/revocations?since={quote(since)}")
        assert answer.status_code == 400


async def test_revocations_are_told_to_the_node_that_they_concern_and_nobody_else(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node, fake_node("peer") as other:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        await registry.add_renderer(other.url)
        async with registry.signed_in("anna") as browser:
            await sign_in(registry, browser, node)
            await registry.log_out(browser)
        assert len((await node.revocations(registry.url))["items"]) == 1
        assert (await other.revocations(registry.url))["items"] == []
        assert (await node.http.get(f"{registry.url}/auth/revocations?since=0")).status_code == 401


async def test_removal_ends_everything_and_a_name_is_nobody_elses_after(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            await sign_in(registry, browser, node)
            await registry.run("user", "remove", "anna")
            assert "Log out" not in (await browser.get("/")).text
            await until(lambda: bool(node.told))
            assert (await browser.get("/users/anna")).status_code == 404
        assert (await registry.run("user", "add", "anna", "--password-stdin", text="another password\n"))[0] == 1


async def test_a_node_that_is_removed_is_believed_no_more(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_renderer(node.url)
        async with registry.signed_in("anna") as browser:
            await sign_in(registry, browser, node)
            await registry.run("renderer", "remove", node.url)
            await until(lambda: bool(node.told))
            assert (await node.verify(registry.url, "x")).status_code == 401
            assert node.url not in (await browser.get("/renderers")).text
