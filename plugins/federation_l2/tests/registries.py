"""A whole registry for a test: real HTTP on loopback, an empty home, calls to loopback allowed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import httpx
from artdagd_federation_l2.registry import command, secrets
from artdagd_federation_l2.registry.registry import Registry
from artdagd_federation_l2.registry.settings import RegistrySettings
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signed import rsa_key

PASSWORD = "correct horse battery"

_CSRF = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


class RunningRegistry:
    """A registry that serves. ``url`` is its L2, ``domain`` what follows people's names."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.url = registry.url
        self.domain = registry.settings.domain

    async def add_user(self, name: str, password: str = PASSWORD) -> None:
        _seed(self.registry.settings.home / "keys" / f"{name}.pem", name)
        await self.registry.services.people.add(name, password)

    async def add_renderer(self, url: str, name: str = "") -> None:
        await self.registry.services.renderers.add(url, name)

    def visitor(self) -> httpx.AsyncClient:
        """A browser, as far as cookies go, that follows nothing."""
        return httpx.AsyncClient(
            base_url=self.url, trust_env=False, timeout=30, headers={"Accept": "text/html", "Origin": self.url}
        )

    @asynccontextmanager
    async def signed_in(self, name: str, password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
        """A browser in which ``name`` has logged in."""
        async with self.visitor() as browser:
            form = {"username": name, "password": password, "csrf_token": await csrf(browser, "/login")}
            answer = await browser.post("/login", data=form)
            assert answer.status_code == 303, answer.text
            yield browser

    async def attach(self, browser: httpx.AsyncClient, renderer: str) -> str:
        """Click *Attach*: the address at the node to which the browser is sent."""
        form = {"renderer": renderer, "csrf_token": await csrf(browser, "/renderers")}
        answer = await browser.post("/renderers/attach", data=form)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    async def proof(self, browser: httpx.AsyncClient) -> str:
        """What the forms of this browser's session prove themselves with."""
        return await csrf(browser, "/renderers")

    async def run(self, *words: str, text: str = "") -> tuple[int, str]:
        """``artdag-registry WORDS`` in the home of this registry: its exit code and what it printed."""
        home = str(self.registry.settings.home)
        said = await asyncio.to_thread(CliRunner().invoke, command.registry, [*words, "--home", home], input=text)
        return said.exit_code, said.output

    async def log_out(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.post("/logout", data={"csrf_token": await csrf(browser, "/renderers")})
        assert answer.status_code == 303, answer.text


async def csrf(browser: httpx.AsyncClient, page: str) -> str:
    """The proof in the forms of a page; empty if it has none."""
    found = _CSRF.search((await browser.get(page)).text)
    return found[1] if found else ""


@asynccontextmanager
async def running_registry(
    home: Path,
    *,
    domain: str = "art.example",
    public_url: str = "",
    private: tuple[str, ...] = ("127.0.0.1", "localhost"),
    port: int = 0,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[RunningRegistry]:
    _seed(home / "registry.pem", "registry")
    settings = RegistrySettings(home=home, domain=domain, public_url=public_url, private=private, port=port)
    # Passwords that take a third of a second each are for those who guess.
    with patch.object(secrets, "COST", 1 << 10):
        async with Registry(settings, clock) as registry:
            yield RunningRegistry(registry)


def _seed(file: Path, name: str) -> None:
    """A key that this process has made before, as they take long."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        file.write_bytes(rsa_key(name).private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
