"""What plugins are given of their node, and what they add to it."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from artdagd import __version__
from artdagd.database import Database
from artdagd.errors import ConfigError
from artdagd.hooks import IdentityProvider, NodeStorage, PluginSettings, Publisher, WebRoute
from artdagd.hooks.configs import filled
from artdagd.hooks.manager import Plugins
from artdagd.hooks.outbound import Outbound
from artdagd.settings import Settings

KEY_LIMIT = 255
VALUE_LIMIT = 1 << 20
"""Bytes of one value as JSON."""

ITEMS_LIMIT = 1000

MOST = 1000
"""Routes of one plugin."""

AWAITED = ("IPFS_API", "IPFS_PRIMARY")
"""Variables that mean nothing without a plugin that takes them: who sets one counts on it."""

_PATH = re.compile(r"(/([A-Za-z0-9._~-]+|{[a-z][a-z0-9_]*}))+/?", re.ASCII)


class KeptValues:
    """The durable values of one plugin (:class:`artdagd.hooks.State`)."""

    def __init__(self, database: Database, plugin: str) -> None:
        self._values = database.plugin_values
        self._plugin = plugin

    async def get(self, key: str) -> Any | None:
        return await self._values.get(self._plugin, key)

    async def items(
        self, prefix: str, *, after: str = "", limit: int = 100, newest: bool = False
    ) -> list[tuple[str, Any]]:
        return await self._values.items(self._plugin, prefix, after, min(limit, ITEMS_LIMIT), newest)

    async def count(self, prefix: str) -> int:
        return await self._values.count(self._plugin, prefix)

    async def write(self, changes: Mapping[str, Any], expect: Mapping[str, Any] | None = None) -> bool:
        for key, value in changes.items():
            if not 0 < len(key) <= KEY_LIMIT or "\0" in key:
                raise ValueError(f"a key has 1 to {KEY_LIMIT} characters and no NUL: {key[:40]!r}")
            if len(msgspec.json.encode(value)) > VALUE_LIMIT:
                raise ValueError(f"the value of {key!r} is larger than {VALUE_LIMIT} bytes")
        return await self._values.write(self._plugin, changes, expect or {})


Revoke = Callable[[tuple[str, ...], str], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Access:
    """A node as one plugin knows it (:class:`artdagd.hooks.NodeAccess`)."""

    address: Callable[[], str]
    settings: Any
    place: Path
    state: KeptValues
    outbound: Outbound
    revoking: Revoke
    version: str = __version__

    @property
    def public_url(self) -> str:
        return self.address()

    @property
    def folder(self) -> Path:
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.place

    async def revoke(self, *, token_hashes: tuple[str, ...] = (), user: str = "") -> int:
        return await self.revoking(token_hashes, user)


class Extensions:
    """What plugins add to one node: settings first, then what those configure."""

    def __init__(
        self,
        plugins: Plugins,
        settings: Settings,
        database: Database,
        outbound: Outbound,
        address: Callable[[], str],
        revoke: Revoke,
    ) -> None:
        """Raises ConfigError for settings of a plugin that are wrong, or of one that is not installed."""
        known = settings_of(plugins, settings)

        def make(plugin: str) -> Access:
            place = settings.home / "plugins" / plugin
            return Access(address, known.get(plugin), place, KeptValues(database, plugin), outbound, revoke)

        self._plugins = plugins
        self._make = make
        self._made: dict[str, Access] = {}
        self.identity: IdentityProvider | None = self._one("artdag_identity_provider")
        self.publisher: Publisher | None = self._one("artdag_publisher")
        self.storage: dict[str, NodeStorage] = {
            plugin: one for plugin, one in plugins.ask("artdag_node_storage", self.given, _storage).items() if one
        }
        routes = plugins.ask("artdag_routes", self.given, _routes)
        self.routes: list[tuple[str, WebRoute]] = [(plugin, route) for plugin in routes for route in routes[plugin]]

    def given(self, plugin: str) -> Mapping[str, Any]:
        """The arguments of hooks that are told of the node."""
        if plugin not in self._made:
            self._made[plugin] = self._make(plugin)
        return {"node": self._made[plugin]}

    def _one(self, hook: str) -> Any:
        """What the one plugin that has it answers. Raises ConfigError if there are several: which would be meant?"""
        found = {name: one for name, one in self._plugins.ask(hook, self.given).items() if one is not None}
        if len(found) > 1:
            raise ConfigError(f"{hook}: {' and '.join(found)} both offer one", advice="Configure one of them.")
        return next(iter(found.values()), None)


def settings_of(plugins: Plugins, settings: Settings) -> dict[str, Any]:
    """Each plugin's settings: from the file, then from its variables in the environment. Raises ConfigError."""
    declared: dict[str, PluginSettings] = plugins.ask("artdag_settings", lambda plugin: {}, _declared)
    for plugin in settings.plugins:
        if plugin not in declared:
            known = ", ".join(declared) or "none"
            raise ConfigError(f"plugins.{plugin}: no plugin of that name has settings (these do: {known})")
    taken = {variable for kind in declared.values() for variable in kind.environment}
    for variable in AWAITED:
        if os.environ.get(variable, "").lower() not in ("", "0", "false") and variable not in taken:
            raise ConfigError(
                f"{variable} is set, and no plugin here takes it",
                advice=f"Install artdagd-storage-ipfs into the node's environment, or unset {variable}.",
            )
    found = {}
    for plugin, kind in declared.items():
        values = dict(settings.plugins.get(plugin, {}))
        values |= {name: os.environ[key] for key, name in kind.environment.items() if os.environ.get(key)}
        try:
            found[plugin] = filled(kind.config, values)
        except ValueError as error:
            names = ", ".join([f"plugins.{plugin} in the settings file", *kind.environment])
            raise ConfigError(f"the settings of plugin {plugin}: {error}", advice=f"Look at {names}.") from None
    return found


def _declared(answer: Any) -> PluginSettings:
    if not isinstance(answer, PluginSettings):
        raise TypeError(f"gave {answer!r}, not an artdagd.hooks.PluginSettings")
    return answer


def _storage(answer: Any) -> NodeStorage | None:
    if not isinstance(answer, NodeStorage | None):
        raise TypeError(f"gave {answer!r}, not an artdagd.hooks.NodeStorage")
    return answer


def _routes(answer: Any) -> list[WebRoute]:
    routes = list(islice(answer, MOST + 1))
    if len(routes) > MOST:
        raise ValueError(f"gave more than {MOST} routes")
    for route in routes:
        if not isinstance(route, WebRoute):
            raise TypeError(f"gave {route!r}, not an artdagd.hooks.WebRoute")
        _check(route)
    return routes


def _check(route: WebRoute) -> None:
    """Raises TypeError or ValueError: a msgspec struct takes any values when it is made in Python."""
    for name, type_ in get_type_hints(WebRoute).items():
        if name != "handler":
            msgspec.convert(getattr(route, name), type_)
    if not callable(route.handler):
        raise TypeError(f"{route.method} {route.path}: its handler can't be called")
    names = re.findall(r"{(\w+)}", route.path)
    if not _PATH.fullmatch(route.path) or len(set(names)) < len(names) or "call" in names:
        raise ValueError(f"{route.path!r} is no path of a route: /word/{{parameter}}, each parameter once, none `call`")
