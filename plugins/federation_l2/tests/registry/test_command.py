"""``artdag-registry``, as whoever runs a registry meets it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from fake_nodes import fake_node
from registries import running_registry

COMMAND = [sys.executable, "-m", "artdagd_federation_l2.registry.command"]


@contextmanager
def served(home: Path, *words: str, **environment: str) -> Iterator[str]:
    """What ``artdag-registry serve`` says first, and then it serves."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--home", str(home), "--port", "0", *words],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_serve_says_where_it_is_and_keeps_its_home_to_itself(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(home, "--domain", "art.example", ARTDAG_REGISTRY_PUBLIC_URL="https://l2.example") as said:
        assert said == "https://l2.example is the registry of @NAME@art.example\n"
        address = (home / "address").read_text().strip()
        health = httpx.get(f"{address}/actor", headers={"Host": "l2.example"}, trust_env=False)
        assert health.json()["id"] == "https://l2.example/actor"
        second = subprocess.run([*COMMAND, "serve", "--home", home, "--port", "0"], capture_output=True, text=True)
        assert second.returncode == 1
        assert "another artdag-registry serves" in second.stderr
        add = [*COMMAND, "user", "add", "anna", "--home", home, "--password-stdin"]
        added = subprocess.run(add, input="a good password\n", capture_output=True, text=True)
        assert (added.returncode, added.stderr) == (0, "")
        open_to_others = [
            file.name
            for file in (home, *home.rglob("*"))
            if stat.S_IMODE(file.stat().st_mode) & 0o077 and file.name != "address"
        ]
        assert not open_to_others
    assert not (home / "address").exists()


async def test_people_and_renderers_are_added_listed_and_removed(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry, fake_node() as node:
        assert await registry.run("user", "add", "anna", "--password-stdin", text="a good password\n") == (0, "")
        code, said = await registry.run("renderer", "add", f"{node.url}/", "--name", "The kiln")
        assert code == 0
        host = node.url.partition("://")[2]
        assert f"list {host} in --allow-private of artdag-registry serve" in said
        assert await registry.run("renderer", "add", "https://kiln.example") == (0, "")
        assert await registry.run("renderer", "remove", "https://kiln.example") == (0, "")
        assert await registry.run("user", "list") == (0, "anna\n")
        assert await registry.run("renderer", "list") == (0, f"{node.url}  The kiln\n")
        async with registry.signed_in("anna", "a good password") as browser:
            assert "The kiln" in (await browser.get("/renderers")).text
        assert await registry.run("user", "remove", "anna") == (0, "")
        assert await registry.run("renderer", "remove", node.url) == (0, "")
        assert await registry.run("user", "list") == (0, "")
        assert await registry.run("renderer", "list") == (0, "")


async def test_what_can_not_be_is_refused_in_words(tmp_path: Path) -> None:
    async with running_registry(tmp_path) as registry:
        await registry.add_user("anna")
        services = registry.registry.services
        for name, password in (("anna", "a good password"), ("bela", "short"), ("bela", "x" * 201)):
            assert (await registry.run("user", "add", name, "--password-stdin", text=f"{password}\n"))[0] == 1
        refused = 0
        for name in ("Anna", "", "a" * 31, "-a", "a-", "a.b", "../x", "a/b", "é", "registry", "a@b", "a b", "a\n"):
            try:
                await services.people.add(name, "a good password")
            except Exception as error:
                refused += "is no name" in str(error)
        assert refused == 13
        refused = 0
        urls = (
            *(
                "node.example",
                "ftp://node.example",
                "https://",
                "https://a@b",
                "https://node.example/?x",
                "javascript:x",
            ),
            *(
                "https://node.example/#x",
                "https://node.example ",
                "https://no de",
                "https://[::1",
                "https://node;x",
                "//x",
            ),
        )
        for url in urls:
            try:
                await services.renderers.add(url)
            except Exception as error:
                refused += "is no address" in str(error)
        assert refused == len(urls)
        assert (await registry.run("user", "remove", "nobody"))[0] == 1
        assert "is no renderer here" in (await registry.run("renderer", "remove", "https://x.example"))[1]
