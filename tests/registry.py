"""An identity provider and publisher of the tests' own, as a plugin of a node."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import pytest

from artdagd.hooks import (
    Delivery,
    Identity,
    NodeAccess,
    ProviderUnreachable,
    Published,
    PublishRefused,
    SignInRefused,
    WebRequest,
    Work,
    hookimpl,
)
from artdagd.hooks.manager import Plugins


class Registry:
    """Vouches for the tokens in ``good``; is told what is published."""

    label = "l2.test"

    def __init__(self) -> None:
        self.good: dict[str, Identity] = {}
        self.states: dict[str, str | None] = {}
        self.away = False
        self.asked: list[str] = []
        self.works: dict[str, Work] = {}
        self.withdrawn: set[str] = set()
        self.delivered: Literal["queued", "delivered"] = "queued"
        self.refuse = ""
        self.node: NodeAccess | None = None

    def person(self, token: str, name: str = "@giles@l2.test", seconds: float = 3600, **more: object) -> str:
        self.good[token] = Identity(name=name, expires_at=time.time() + seconds, **more)  # type: ignore[arg-type]
        return token

    @hookimpl
    def artdag_identity_provider(self, node: NodeAccess) -> Registry:
        self.node = node
        return self

    @hookimpl
    def artdag_publisher(self, node: NodeAccess) -> Registry:
        return self

    def address(self, state: str) -> str:
        return f"https://l2.test/attach?state={state}"

    async def check(self) -> None:
        if self.away:
            raise ProviderUnreachable("it does not answer", 7)

    async def redeem(self, token: str, state: str | None) -> Identity:
        self.asked.append(token)
        self.states[token] = state
        if self.away:
            raise ProviderUnreachable("it does not answer", 7)
        if token not in self.good:
            raise SignInRefused("it does not know it")
        return self.good[token]

    async def may_revoke(self, request: WebRequest) -> bool:
        return request.headers.get("signature") == "of the registry"

    def owns(self, name: str) -> str | None:
        return f"@{name}@l2.test" if name.isalnum() else None

    async def publish(self, work: Work) -> Published:
        if self.refuse:
            raise PublishRefused(self.refuse)
        self.works[work.name] = work
        return Published(f"https://n/act/{work.name}", f"https://n/obj/{work.name}", f"https://l2.test/{work.name}")

    async def withdraw(self, work_name: str) -> None:
        if self.works.pop(work_name, None):
            self.withdrawn.add(work_name)

    async def deliveries(self, work_name: str) -> Sequence[Delivery]:
        if work_name not in self.works and work_name not in self.withdrawn:
            return []
        return [Delivery(activity="a", target="https://l2.test/inbox", state=self.delivered)]


def installed(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that the nodes of a test have, beside the plugins that are installed."""
    made = Registry()
    load = Plugins.load
    monkeypatch.setattr(Plugins, "load", lambda: plugged(load(), made))
    return made


def plugged(plugins: Plugins, registry: Registry) -> Plugins:
    """``plugins`` and the registry."""
    found = Plugins.of(registry=registry)
    plugins.ask = found.ask  # type: ignore[method-assign]
    return plugins
