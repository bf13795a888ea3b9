"""Finds plugins, survives broken ones, and says what each provides.

Whatever a plugin raises is its own error: an exit or a cancellation, too, must not end the node.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from types import MappingProxyType
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

MOST = 1000
"""Things of one kind that one plugin may provide."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

# hook, kind, the word for it in a report, type
_OFFERS: tuple[tuple[str, str, str, type[Any]], ...] = (
    ("artdag_effects", "effect", "effects", Effect),
    ("artdag_analyzers", "analyzer", "analyzers", Analyzer),
    ("artdag_storage_types", "storage", "storage", StorageType),
)


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
        self._found: dict[str, dict[str, Any]] = {kind: {} for _, kind, _, _ in _OFFERS}
        self._owners: dict[tuple[str, str], str] = {}

    @classmethod
    def load(cls) -> Plugins:
        """Every plugin that is installed with an entry point in group ``artdagd``, in the order of their names."""
        plugins = cls()
        found = [(point, *_distribution(point)) for point in entry_points(group=PROJECT)]
        for point, distribution, version in sorted(found, key=lambda one: (one[0].name, one[1])):
            plugins._add(_Loaded(point.name, distribution, version, {}, []), point.load)
        return plugins

    @classmethod
    def of(cls, *given: Any, **named: Any) -> Plugins:
        """These plugins (modules, objects or classes) and no others, for tests. Keywords name them; else they are
        called as their module or class is."""
        plugins = cls()
        for one in given:
            named[getattr(one, "__name__", type(one).__name__).rpartition(".")[2]] = one
        for name in sorted(named):
            plugins._add(_Loaded(name, name, "0", {}, []), lambda name=name: named[name])  # type: ignore[misc]
        return plugins

    @property
    def effects(self) -> Mapping[str, Effect]:
        return MappingProxyType(self._found["effect"])

    @property
    def analyzers(self) -> Mapping[str, Analyzer]:
        return MappingProxyType(self._found["analyzer"])

    @property
    def storage_types(self) -> Mapping[str, StorageType]:
        return MappingProxyType(self._found["storage"])

    def owner(self, kind: str, name: str) -> str:
        """The plugin that provides an ``effect``, an ``analyzer`` or a ``storage`` type; KeyError if none does."""
        return self._owners[kind, name]

    def distribution(self, kind: str, name: str) -> str:
        """The name of the distribution that provides it: a part of an implementation's identity."""
        return self._loaded[self.owner(kind, name)].distribution

    def report(self) -> list[PluginInfo]:
        """Every plugin that was found, with what it provides and what is wrong with it."""
        return [
            PluginInfo(p.name, p.distribution, p.version, p.provides, "; ".join(p.errors) or None)
            for p in self._loaded.values()
        ]

    def ask(
        self, hook: str, given: Callable[[str], Mapping[str, Any]], check: Callable[[Any], Any] = lambda answer: answer
    ) -> dict[str, Any]:
        """What each plugin's ``hook`` answers to ``given(plugin)``, passed through ``check``.

        A plugin whose hook or check raises is left out and reported.
        """
        answers = {}
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():
            plugin = implementation.plugin_name
            try:
                answers[plugin] = check(implementation.function(**_taken(implementation, given(plugin))))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                log.error("plugin %s: %s failed: %s", plugin, hook, error)
                self._loaded[plugin].errors.append(f"{hook}: {error}")
        return answers

    def commands(self) -> list[click.Command]:
        """The commands that plugins add to ``artdagctl``."""
        import click

        found: list[click.Command] = []
        for plugin, made in self._each("artdag_commands", lambda plugin: {}):
            try:
                offered = list(islice(made, MOST))
            except KeyboardInterrupt:
                raise
            except BaseException:
                log.exception("plugin %s: artdag_commands failed", plugin)
                continue
            for command in offered:
                if isinstance(command, click.Command):
                    found.append(command)
                else:
                    log.error("plugin %s: artdag_commands gave %r, not a click.Command", plugin, command)
        return found

    async def call(
        self, hook: str, given: Callable[[str], Mapping[str, Any]] = lambda plugin: {}, **arguments: Any
    ) -> None:
        """Call a hook that gives nothing back, in every plugin, with ``arguments`` and ``given(plugin)``; await those
        that are async.

        Returns within ``DEADLINE`` seconds. Errors are logged. A hook that is not async blocks the event loop while
        it runs.
        """
        answers = self._each(hook, lambda plugin: {**arguments, **given(plugin)})
        waiting = [self._awaited(plugin, hook, answer) for plugin, answer in answers if inspect.isawaitable(answer)]
        await asyncio.gather(*waiting, return_exceptions=True)

    async def answers(self, hook: str, given: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
        """What each plugin's ``hook`` answers to ``given(plugin)``, all at once; in an answer's place the error, if it
        raises or takes longer than ``DEADLINE`` seconds."""
        found: dict[str, Any] = {}

        async def one(implementation: Any) -> None:
            plugin = implementation.plugin_name
            try:
                found[plugin] = implementation.function(**_taken(implementation, given(plugin)))
                if inspect.isawaitable(found[plugin]):
                    async with asyncio.timeout(DEADLINE):
                        found[plugin] = await found[plugin]
            except TimeoutError:
                found[plugin] = TimeoutError(f"it took longer than {DEADLINE:g} s")
            except (KeyboardInterrupt, asyncio.CancelledError):
                raise
            except BaseException as error:
                found[plugin] = error

        await asyncio.gather(*map(one, getattr(self._pluggy.hook, hook).get_hookimpls()))
        return dict(sorted(found.items()))

    async def _awaited(self, plugin: str, hook: str, answer: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                await answer
        except TimeoutError:
            log.error("plugin %s: %s took longer than %g s", plugin, hook, DEADLINE)
        except KeyboardInterrupt:
            raise
        except BaseException:  # a cancellation of the caller's goes on: gather sees to it
            log.exception("plugin %s: %s failed", plugin, hook)

    def _each(self, hook: str, given: Callable[[str], Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Each plugin's name and what its ``hook`` returned; one plugin's error does not reach the others."""
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():
            plugin = implementation.plugin_name
            try:
                answer = implementation.function(**_taken(implementation, given(plugin)))
            except KeyboardInterrupt:
                raise
            except BaseException:
                log.exception("plugin %s: %s failed", plugin, hook)
                continue
            yield plugin, answer

    def _add(self, loaded: _Loaded, load: Callable[[], Any]) -> None:
        if loaded.name in self._loaded:
            taken = self._loaded[loaded.name].distribution
            loaded.errors.append(f"the plugin name {loaded.name!r} is taken by {taken}")
            loaded.name = f"{loaded.name} ({loaded.distribution})"
            self._loaded[loaded.name] = loaded
            log.error("plugin %s can't be used: %s", loaded.name, loaded.errors[0])
            return
        self._loaded[loaded.name] = loaded
        try:
            plugin = load()
            plugin = plugin() if isinstance(plugin, type) else plugin
            self._pluggy.register(plugin, loaded.name)
            self._pluggy.check_pending()
            self._collect(loaded, plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self._pluggy.has_plugin(loaded.name):
                self._pluggy.unregister(name=loaded.name)
            loaded.provides.clear()
            loaded.errors.append(f"{type(error).__name__}: {error}")
            log.error("plugin %s can't be used: %s", loaded.name, loaded.errors[-1])

    def _collect(self, loaded: _Loaded, plugin: Any) -> None:
        callers = self._pluggy.get_hookcallers(plugin) or []
        implementations = {
            caller.name: one for caller in callers for one in caller.get_hookimpls() if one.plugin is plugin
        }
        for hook, one in implementations.items():
            if one.hookwrapper or one.wrapper:
                raise TypeError(f"{hook} is a wrapper; a plugin may not stand around another's hooks")
        if not implementations:
            loaded.errors.append("it has no function that is marked with @artdagd.hooks.hookimpl")
        # All are looked at before one is used: a plugin works as a whole or not at all.
        offers = {kind: _offered(implementations.get(hook), hook, type_) for hook, kind, _, type_ in _OFFERS}
        for _, kind, label, _ in _OFFERS:
            for item in offers[kind]:
                if item.name in self._found[kind]:
                    loaded.errors.append(f"{kind} {item.name} is already provided by {self.owner(kind, item.name)}")
                    continue
                self._found[kind][item.name] = item
                self._owners[kind, item.name] = loaded.name
                loaded.provides.setdefault(label, []).append(item.name)
        if hooks := sorted(implementations.keys() - {hook for hook, *_ in _OFFERS}):
            loaded.provides["hooks"] = hooks
        for error in loaded.errors:
            log.warning("plugin %s: %s", loaded.name, error)


def _taken(implementation: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those arguments that an implementation has: a hook may get more of them in a later version."""
    return {key: value for key, value in given.items() if key in implementation.argnames}


def _distribution(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that an entry point belongs to; its metadata may be damaged."""
    try:
        return (point.dist.name or point.name, point.dist.version or "") if point.dist else (point.name, "")
    except Exception:
        return point.name, ""


def _offered(implementation: Any, hook: str, type_: type[Any]) -> list[Any]:
    """What one plugin's hook gives, checked. Raises TypeError or ValueError that says what is wrong."""
    if implementation is None:
        return []
    made: Any = implementation.function()
    if inspect.iscoroutine(made):
        made.close()
        raise TypeError(f"{hook} is async; only hooks that do I/O may be")
    items: list[Any] = list(islice(made, MOST + 1))
    if len(items) > MOST:
        raise ValueError(f"{hook} gave more than {MOST}")
    for item in items:
        if not isinstance(item, type_):
            raise TypeError(f"{hook} gave {item!r}, not an artdagd.hooks.{type_.__name__}")
        if not isinstance(item.name, str) or not _NAME.fullmatch(item.name):
            raise ValueError(f"{hook} gave the name {item.name!r}; names are a-z, 0-9 and _, beginning with a letter")
        _check(item, f"{type_.__name__} {item.name}")
    return items


def _check(item: Any, what: str) -> None:
    # A msgspec struct takes any values when it is made in Python.
    for field, type_ in (("version", str), ("description", str), ("example", Mapping), ("features", Mapping)):
        if hasattr(item, field) and not isinstance(getattr(item, field), type_):
            raise TypeError(f"{what}: {field} is not a {type_.__name__}")
    for field in ("build", "analyze"):
        function = getattr(item, field, None)
        if function is not None and not (inspect.isfunction(function) or inspect.ismethod(function)):
            raise TypeError(f"{what}: {field} has to be a function; the file that defines it is part of its identity")
    if isinstance(item, Analyzer):
        if not item.features:
            raise ValueError(f"{what}: it has no features")
        if bad := [name for name in item.features if not isinstance(name, str) or not _NAME.fullmatch(name)]:
            raise ValueError(f"{what}: {bad[0]!r} is not a name for a feature: a-z, 0-9 and _")
        return
    if not (isinstance(item.config, type) and issubclass(item.config, msgspec.Struct)):
        raise TypeError(f"{what}: config is not a msgspec.Struct class")
    if isinstance(item, Effect):
        _check_effect(item, what)
    msgspec.json.schema(item.config)


def _check_effect(item: Effect, what: str) -> None:
    fields = msgspec.structs.fields(item.config)
    names = {field.encode_name for field in fields}
    if missing := [field.name for field in fields if field.required]:
        raise ValueError(f"{what}: parameter {missing[0]} needs a default")
    if "effect" in names:
        raise ValueError(f"{what}: a parameter may not be called 'effect'; that names the effect in a recipe")
    if item.build is None and item.paint is None:
        raise ValueError(f"{what}: it has neither build nor paint")
    if strange := set(item.fixed) - names:
        raise ValueError(f"{what}: fixed names {min(strange)!r}, which is no field of its config")
