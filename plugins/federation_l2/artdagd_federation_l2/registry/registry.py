"""One registry: its home, its services, its listener."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from artdagd.hooks import Outbound
from artdagd_federation_l2.registry.app import create_app
from artdagd_federation_l2.registry.attempts import Attempts
from artdagd_federation_l2.registry.calls import Calls
from artdagd_federation_l2.registry.endings import Endings
from artdagd_federation_l2.registry.guard import Guard
from artdagd_federation_l2.registry.home import KEYS, locked, opened
from artdagd_federation_l2.registry.peers import Peers
from artdagd_federation_l2.registry.people import People
from artdagd_federation_l2.registry.renderers import ALLOWED, Renderers
from artdagd_federation_l2.registry.server import DRAIN, address, bound, listen
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.sessions import Sessions
from artdagd_federation_l2.registry.settings import RegistrySettings
from artdagd_federation_l2.registry.signed import Signers
from artdagd_federation_l2.registry.tickets import Tickets
from artdagd_federation_l2.registry.works import Works
from artdagd_federation_l2.signatures import SigningKey, kept_key

AGENT = "artdag-registry"


class Registry:
    """``async with Registry(settings) as registry`` serves until the end of the block. ``clock`` gives Unix seconds.

    Raises Refused if the home is in use by another, can't be read, or the address is taken.
    """

    services: Services

    def __init__(self, settings: RegistrySettings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._closing = asyncio.Event()
        self._open = AsyncExitStack()

    @property
    def url(self) -> str:
        """L2 of docs/federation.md."""
        return self.settings.public_url

    async def __aenter__(self) -> Registry:
        try:
            await self._start()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def _start(self) -> None:
        home = self.settings.home
        database = await self._open.enter_async_context(opened(home))
        self._open.callback(os.close, locked(home))
        listening = bound(self.settings.host, self.settings.port)
        self._open.callback(listening.close)
        here = address(listening)
        self.settings = self.settings.settled(here)
        outbound = Outbound(private=self.settings.private, listed_in=ALLOWED, user_agent=AGENT)
        self._open.push_async_callback(outbound.close)
        key = SigningKey(f"{self.url}/actor#main-key", await asyncio.to_thread(kept_key, home / "registry.pem"))
        renderers = Renderers(database, self._clock)
        peers = Peers(outbound, renderers)
        endings = Endings(database, self._clock)
        self.services = Services(
            settings=self.settings,
            clock=self._clock,
            key=key,
            guard=Guard(self.settings),
            attempts=Attempts(),
            people=People(database, home / KEYS, self._clock),
            sessions=Sessions(database, self._clock),
            renderers=renderers,
            tickets=Tickets(database, self._clock),
            endings=endings,
            signers=Signers(self.url, renderers, peers, self._clock),
            works=Works(database, self._clock),
        )
        calls = Calls(database, endings, renderers, peers, outbound, key, self._clock)
        calling = asyncio.create_task(calls.run(), name="calls to nodes")
        self._open.push_async_callback(_ended, calling)
        serving = asyncio.create_task(listen(create_app(self.services), listening, self._closing), name="listener")
        self._open.push_async_callback(self._close, serving)
        _write_whole(home / "address", f"{here}\n")
        self._open.callback((home / "address").unlink, missing_ok=True)

    async def _close(self, serving: asyncio.Task[None]) -> None:
        self._closing.set()
        await asyncio.wait({serving}, timeout=2 * DRAIN)
        await _ended(serving)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _write_whole(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)
