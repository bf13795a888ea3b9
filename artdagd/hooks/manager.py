"""Finds plugins, survives broken ones, and says what each provides."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from artdagd.hooks.markers import PROJECT
from artdagd.hooks.specs import Specs
from artdagd.hooks.types import Analyzer, Effect, StorageType

if TYPE_CHECKING:
    import click

log = logging.getLogger(__name__)

DEADLINE = 10.0
"""Seconds that an awaited hook may take."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class PluginInfo(msgspec.Struct, frozen=True):
    """A plugin as reported: ``provides`` maps a kind (``effects``, ``analyzers``, ``storage``, ``hooks``) to names."""

    name: str
    distribution: str
    version: str
    provides: dict[str, list[str]]
    error: str | None = None


class _Loaded(msgspec.Struct):
    """What is known of one plugin while loading."""

    name: str
    distribution: str
    version: str
    provides: dict[str, list[str]]
    errors: list[str]


class Plugins:
    """The plugins of this process. A plugin with an error is reported and left out; the others work."""

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager(PROJECT)
        self._pluggy.add_hookspecs(Specs)
        self._loaded: dict[str, _Loaded] = {}
        self._found: dict[str, dict[str, tuple[Any, str]]] = {"effect": {}, "analyzer": {}, "storage": {}}

    @classmethod
    def load(cls) -> Plugins:
        """Every plugin that is installed with an entry point in group ``artdagd``."""
        plugins = cls()
        for point in sorted(entry_points(group=PROJECT), key=lambda point: point.name):
            plugins._load(point)
        return plugins

    @classmethod
    def of(cls, **given: Any) -> Plugins:
        """These plugins and no others, by name: for tests."""
        plugins = cls()
        for name in sorted(given):
            plugins._add(_Loaded(name, name, "0", {}, []), lambda name=name: given[name])  # type: ignore[misc]
        return plugins

    @property
    def effects(self) -> Mapping[str, Effect]:
        return {name: item for name, (item, _) in self._found["effect"].items()}

    @property
    def analyzers(self) -> Mapping[str, Analyzer]:
        return {name: item for name, (item, _) in self._found["analyzer"].items()}

    @property
    def storage_types(self) -> Mapping[str, StorageType]:
        return {name: item for name, (item, _) in self._found["storage"].items()}

    def owner(self, kind: str, name: str) -> str:
        """The plugin that provides an effect, an analyzer or a storage type."""
        return self._found[kind][name][1]

    def distribution(self, kind: str, name: str) -> str:
        """The name of the distribution that provides it: a part of an implementation's identity."""
        return self._loaded[self.owner(kind, name)].distribution

    def report(self) -> list[PluginInfo]:
        return [
            PluginInfo(p.name, p.distribution, p.version, p.provides, "; ".join(p.errors) or None)
            for p in self._loaded.values()
        ]

    def commands(self) -> list[click.Command]:
        """The commands that plugins add to ``artdagctl``."""
        found: list[click.Command] = []
        for made in self._each("artdag_commands"):
            found.extend(made)
        return found

    async def call(self, hook: str, **arguments: Any) -> None:
        """Call a hook that gives nothing back, in every plugin; await those that are async. Errors are logged."""
        for answer in self._each(hook, **arguments):
            if inspect.isawaitable(answer):
                try:
                    async with asyncio.timeout(DEADLINE):
                        await answer
                except Exception:
                    log.exception("a plugin's %s failed", hook)

    def _each(self, hook: str, **arguments: Any) -> Iterable[Any]:
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():
            given = {key: value for key, value in arguments.items() if key in implementation.argnames}
            try:
                yield implementation.function(**given)
            except Exception:
                log.exception("plugin %s: %s failed", implementation.plugin_name, hook)

    def _load(self, point: EntryPoint) -> None:
        about = point.dist
        name = about.name if about else point.name
        self._add(_Loaded(point.name, name, about.version if about else "", {}, []), point.load)

    def _add(self, loaded: _Loaded, load: Callable[[], Any]) -> None:
        self._loaded[loaded.name] = loaded
        try:
            plugin = load()
            self._pluggy.register(plugin, loaded.name)
            self._pluggy.check_pending()
        # SystemExit too: a plugin's import must not end the node.
        except (Exception, SystemExit) as error:
            self._disable(loaded, error)
            return
        self._collect(loaded, plugin)

    def _collect(self, loaded: _Loaded, plugin: Any) -> None:
        wanted: tuple[tuple[str, str, str, type[Any]], ...] = (
            ("artdag_effects", "effect", "effects", Effect),
            ("artdag_analyzers", "analyzer", "analyzers", Analyzer),
            ("artdag_storage_types", "storage", "storage", StorageType),
        )
        try:
            offered = {kind: _offered(self._pluggy, plugin, hook, type_) for hook, kind, _, type_ in wanted}
        except (Exception, SystemExit) as error:
            self._disable(loaded, error)
            return
        for _, kind, label, _ in wanted:
            for item in offered[kind]:
                if item.name in self._found[kind]:
                    loaded.errors.append(f"{kind} {item.name} is already provided by {self.owner(kind, item.name)}")
                    continue
                self._found[kind][item.name] = (item, loaded.name)
                loaded.provides.setdefault(label, []).append(item.name)
        callers = self._pluggy.get_hookcallers(plugin) or []
        hooks = sorted(caller.name for caller in callers if caller.name not in {hook for hook, *_ in wanted})
        if hooks:
            loaded.provides["hooks"] = hooks

    def _disable(self, loaded: _Loaded, error: BaseException) -> None:
        if self._pluggy.has_plugin(loaded.name):
            self._pluggy.unregister(name=loaded.name)
        text = f"{type(error).__name__}: {error}"
        log.error("plugin %s can't be used: %s", loaded.name, text)
        loaded.errors.append(text)


def _offered(manager: pluggy.PluginManager, plugin: Any, hook: str, type_: type[Any]) -> list[Any]:
    """What one plugin's hook gives, checked. Raises TypeError or ValueError that says what is wrong."""
    implementation = next((i for i in getattr(manager.hook, hook).get_hookimpls() if i.plugin is plugin), None)
    if implementation is None:
        return []
    items = list(implementation.function())
    for item in items:
        if not isinstance(item, type_):
            raise TypeError(f"{hook} gave {item!r}, not an artdagd.hooks.{type_.__name__}")
        if not _NAME.fullmatch(item.name):
            raise ValueError(f"{hook} gave the name {item.name!r}; names are a-z, 0-9 and _, beginning with a letter")
        if isinstance(item, Effect) and (bare := [f.name for f in msgspec.structs.fields(item.config) if f.required]):
            raise ValueError(f"effect {item.name}: parameter {bare[0]} needs a default")
    return items
