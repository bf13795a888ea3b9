"""Plugins that are broken in every way we know: each is reported and left out, and the others work."""

from __future__ import annotations

import asyncio
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

import artdagd.hooks.manager as manager
from artdagd.hooks import Analyzer, Effect, RunEvent, StorageType, hookimpl
from artdagd.hooks.manager import PluginInfo, Plugins


class Config(msgspec.Struct, frozen=True):
    amount: float = 0.0


class Needs(msgspec.Struct, frozen=True):
    amount: float


class Called(msgspec.Struct, frozen=True):
    effect: str = ""


def build(config: Any, video: Any) -> list[Any]:
    return []


def an_effect(name: Any = "good", **other: Any) -> Effect:
    return Effect(**{"name": name, "version": "1", "description": "", "config": Config, "build": build, **other})


def an_analyzer(**other: Any) -> Analyzer:
    given = {"name": "ears", "version": "1", "description": "", "features": {"beats": ""}, "analyze": build, **other}
    return Analyzer(**given)


def giving(hook: str, *items: Any) -> types.ModuleType:
    module = types.ModuleType("plugin_giving")
    setattr(module, hook, hookimpl(lambda: list(items)))
    return module


def raising(error: BaseException) -> types.ModuleType:
    def artdag_effects() -> list[Effect]:
        raise error

    module = types.ModuleType("plugin_raising")
    module.artdag_effects = hookimpl(artdag_effects)  # type: ignore[attr-defined]
    return module


class Asynchronous:
    @hookimpl
    async def artdag_effects(self) -> list[Effect]:
        return []


class Endless:
    @hookimpl
    def artdag_effects(self) -> Iterator[Effect]:
        while True:
            yield an_effect()


class Unknown:
    @hookimpl
    def artdag_efects(self) -> list[Effect]:
        return []


class WrongArguments:
    @hookimpl
    def artdag_run_event(self, evnt: RunEvent) -> None: ...


class Wrapper:
    @hookimpl(wrapper=True)
    def artdag_startup(self) -> Iterator[None]:
        yield


class Unmakeable:
    def __init__(self) -> None:
        raise OSError("no room")


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (giving("artdag_effects", "hue"), "gave 'hue', not an artdagd.hooks.Effect"),
        (giving("artdag_effects", an_analyzer()), "not an artdagd.hooks.Effect"),
        (giving("artdag_effects", an_effect("Good")), "gave the name 'Good'"),
        (giving("artdag_effects", an_effect("a.b")), "gave the name 'a.b'"),
        (giving("artdag_effects", an_effect(5)), "gave the name 5"),
        (giving("artdag_effects", an_effect(config=dict)), "config is not a msgspec.Struct"),
        (giving("artdag_effects", an_effect(config=Config())), "config is not a msgspec.Struct"),
        (giving("artdag_effects", an_effect(config=Needs)), "parameter amount needs a default"),
        (giving("artdag_effects", an_effect(config=Called)), "may not be called 'effect'"),
        (giving("artdag_effects", an_effect(version=1)), "version is not a str"),
        (giving("artdag_effects", an_effect(example=[])), "example is not a Mapping"),
        (giving("artdag_effects", an_effect(build=print)), "build has to be a function"),
        (giving("artdag_analyzers", an_analyzer(features={})), "no features"),
        (giving("artdag_analyzers", an_analyzer(features={"Big Beats": ""})), "'Big Beats' is not a name"),
        (giving("artdag_analyzers", an_analyzer(features=["beats"])), "features is not a Mapping"),
        (giving("artdag_storage_types", an_effect()), "not an artdagd.hooks.StorageType"),
        (raising(RuntimeError("boom")), "RuntimeError: boom"),
        (raising(SystemExit(3)), "SystemExit: 3"),
        (Asynchronous, "is async"),
        (Endless, "more than 1000"),
        (Unknown, "artdag_efects"),
        (WrongArguments, "evnt"),
        (Wrapper, "is a wrapper"),
        (Unmakeable, "OSError: no room"),
    ],
)
def test_a_broken_plugin_is_reported_and_left_out(plugin: Any, message: str) -> None:
    plugins = Plugins.of(broken=plugin, whole=giving("artdag_effects", an_effect("fine")))
    assert list(plugins.effects) == ["fine"]
    assert not plugins.analyzers
    broken, whole = plugins.report()
    assert broken.error is not None
    assert message in broken.error
    assert broken.provides == {}
    assert whole == PluginInfo("whole", "whole", "0", {"effects": ["fine"]}, None)


def test_a_plugin_without_hooks_is_told_so() -> None:
    (info,) = Plugins.of(types.ModuleType("empty")).report()
    assert info.name == "empty"
    assert info.error is not None
    assert "hookimpl" in info.error


def test_what_a_plugin_provides_is_found_and_reported() -> None:
    class Whole:
        @hookimpl
        def artdag_effects(self) -> list[Effect]:
            return [an_effect("a"), an_effect("b")]

        @hookimpl
        def artdag_storage_types(self) -> list[StorageType]:
            return [StorageType(name="tape", description="", config=Needs, open=build)]  # type: ignore[arg-type]

        @hookimpl
        def artdag_startup(self) -> None: ...

    plugins = Plugins.of(Whole())
    (info,) = plugins.report()
    assert info.provides == {"effects": ["a", "b"], "storage": ["tape"], "hooks": ["artdag_startup"]}
    assert info.error is None
    assert plugins.owner("storage", "tape") == plugins.distribution("effect", "a") == "Whole"


def test_of_two_that_share_a_name_the_first_plugin_wins_and_the_other_says_so() -> None:
    second = giving("artdag_effects", an_effect("same", version="2"), an_effect("other"))
    plugins = Plugins.of(b=second, a=giving("artdag_effects", an_effect("same", version="1")))
    assert plugins.effects["same"].version == "1"
    assert plugins.owner("effect", "same") == "a"
    assert plugins.owner("effect", "other") == "b"
    first, other = plugins.report()
    assert first.error is None
    assert other.error == "effect same is already provided by a"
    assert other.provides == {"effects": ["other"]}


def _installed(folder: Path, distribution: str, code: str, points: dict[str, str]) -> None:
    """What pip leaves behind: a module, and metadata with entry points."""
    module = distribution.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    about = folder / f"{module}-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[artdagd]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))


EFFECTS = """
import msgspec
from artdagd.hooks import Effect, hookimpl
class C(msgspec.Struct, frozen=True): pass
def build(config, video): return []
@hookimpl
def artdag_effects(): return [Effect(name="{}", version="1", description="", config=C, build=build)]
class Thing:
    @hookimpl
    def artdag_startup(self): pass
thing = Thing()
"""


def test_installed_plugins_are_found_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(tmp_path, "zz-good", EFFECTS.format("good"), {"zz_module": "zz_good", "zz_object": "zz_good:thing"})
    _installed(tmp_path, "zz-twin", EFFECTS.format("twin"), {"zz_module": "zz_twin"})
    _installed(tmp_path, "zz-bad", "import nothing_of_that_name", {"zz_bad": "zz_bad"})
    _installed(tmp_path, "zz-exit", "raise SystemExit('bye')", {"zz_exit": "zz_exit", "zz_gone": "zz_exit:gone"})
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {info.name: info for info in Plugins.load().report() if info.name.startswith("zz")}
    for module in ("zz_good", "zz_twin"):
        sys.modules.pop(module, None)
    assert found["zz_module"] == PluginInfo("zz_module", "zz-good", "1.2", {"effects": ["good"]}, None)
    assert found["zz_object"].provides == {"hooks": ["artdag_startup"]}
    errors = {name: info.error for name, info in found.items() if info.error}
    assert errors.keys() == {"zz_bad", "zz_exit", "zz_gone", "zz_module (zz-twin)"}
    assert "nothing_of_that_name" in (errors["zz_bad"] or "")
    assert errors["zz_module (zz-twin)"] == "the plugin name 'zz_module' is taken by zz-good"


class Observer:
    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    @hookimpl
    async def artdag_run_event(self, event: RunEvent) -> None:
        self.seen.append(event.run_id)


class Failing:
    @hookimpl
    def artdag_run_event(self) -> None:
        raise ValueError("an observer is broken")


class Hanging:
    @hookimpl
    async def artdag_run_event(self, event: RunEvent) -> None:
        await asyncio.Event().wait()


async def test_observers_are_called_and_their_errors_are_logged_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(manager, "DEADLINE", 0.02)
    first: list[str] = []
    last: list[str] = []
    plugins = Plugins.of(a=Observer(first), b=Failing, c=Hanging, d=Observer(last))
    with caplog.at_level(logging.ERROR):
        await plugins.call("artdag_run_event", event=RunEvent("run-1", "completed"))
    assert first == last == ["run-1"]
    assert "an observer is broken" in caplog.text
    assert "plugin c: artdag_run_event took longer than 0.02 s" in caplog.text


def test_commands_are_collected_and_others_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    command = click.Command("hello")
    plugins = Plugins.of(a=giving("artdag_commands", command, "no command"))
    assert plugins.commands() == [command]
    assert "'no command'" in caplog.text
