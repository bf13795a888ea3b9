"""What plugins say of their own part in ``artdagctl doctor``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import artdagd_storage_ipfs as storage_ipfs
import artdagd_storage_local as storage_local
import pytest
from artdagd_federation_l2 import FederationPlugin
from click.testing import CliRunner

from artdagd.cid import cid_of_bytes
from artdagd.cli.doctor import doctor
from artdagd.doctor import plugged
from artdagd.doctor.examination import CHECKS
from artdagd.doctor.finding import Finding
from artdagd.hooks import Check, Installation, checks, hookimpl, manager
from artdagd.hooks.manager import Plugins
from artdagd.settings import Provider, Settings
from tests.remotes import OK, remote


def found(monkeypatch: pytest.MonkeyPatch, home: Path, given: dict[str, Any], **more: Any) -> dict[str, Finding]:
    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(**given))
    return {one.check: one for one in plugged.examine_plugins(Settings(home=home, **more))}


class Checking:
    def __init__(self, *checks: Any) -> None:
        self._checks = checks

    @hookimpl
    def artdag_checks(self) -> list[Any]:
        return list(self._checks)


class Slow:
    @hookimpl
    async def artdag_checks(self, installation: Installation) -> list[Check]:
        await asyncio.sleep(60)
        return []


class Raising:
    @hookimpl
    async def artdag_checks(self, installation: Installation) -> list[Check]:
        raise SystemExit(3)


def test_each_plugin_is_asked_and_none_stops_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(manager, "DEADLINE", 0.2)
    well = Check(name="tape", level="ok", said="it turns")
    worn = Check(name="head", level="doubt", said="it is worn", remedy="Clean it.")
    plugins = {"odd": Checking(1), "slow": Slow(), "raising": Raising(), "good": Checking(well, worn)}
    said = found(monkeypatch, tmp_path, plugins)
    assert said["good: tape"] == Finding("good: tape", "ok", "it turns")
    assert said["good: head"] == Finding("good: head", "warning", "it is worn", "Clean it.")
    assert {name: said[name].level for name in plugins if name in said} == dict.fromkeys(
        ("odd", "slow", "raising"), "error"
    )
    assert "longer than 0.2 s" in said["slow"].said


def test_storage_and_the_registry_are_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cid_of_bytes(b"") == checks.NOTHING
    (tmp_path / "disk").mkdir()
    storage = tuple(Provider("local", name, {"path": str(tmp_path / name)}) for name in ("disk", "gone"))
    plugins = {"storage_local": storage_local, "federation_l2": FederationPlugin()}

    async def both() -> dict[str, Finding]:
        async with remote(OK) as registry:
            server = f"http://127.0.0.1:{registry.port}"
            given = {"storage": storage, "plugins": {"federation_l2": {"server": server}}}
            given |= {"outbound_private": (f"127.0.0.1:{registry.port}",), "public_url": "http://127.0.0.1:1"}
            return await asyncio.to_thread(found, monkeypatch, tmp_path, plugins, **given)

    said = asyncio.run(both())
    assert {name: one.level for name, one in said.items()} == {
        "storage_local: disk": "ok",
        "storage_local: gone": "warning",
        "federation_l2: registry": "ok",
        "federation_l2: address": "ok",
        "federation_l2: key": "ok",
    }
    assert not (tmp_path / "plugins").exists()
    (tmp_path / "plugins" / "federation_l2").mkdir(parents=True)
    (tmp_path / "plugins" / "federation_l2" / "actor.pem").write_text("no key")
    (tmp_path / "plugins" / "federation_l2" / "actor.pem").chmod(0o600)
    given = {"plugins": {"federation_l2": {"server": "http://127.0.0.1:1"}}}
    said = found(monkeypatch, tmp_path, plugins, **given)
    levels = {name: one.level for name, one in said.items()}
    assert levels == {
        "federation_l2: registry": "error",
        "federation_l2: address": "warning",
        "federation_l2: key": "error",
    }
    assert "outbound_private" in said["federation_l2: registry"].said


def test_the_ipfs_node_of_the_settings_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugins = {"storage_ipfs": storage_ipfs}
    assert found(monkeypatch, tmp_path, plugins) == {}
    (one,) = found(monkeypatch, tmp_path, plugins, plugins={"storage_ipfs": {"api": "/ip4/127.0.0.1/tcp/1"}}).values()
    assert (one.check, one.level) == ("storage_ipfs: IPFS_API", "error")


def test_the_command_tells_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(CHECKS):
        monkeypatch.delitem(CHECKS, name)
    wrong = Check(name="tape", level="wrong", said="it is torn", remedy="Glue it.")
    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(deck=Checking(wrong)))
    done = CliRunner().invoke(doctor, ["--json"], env={"ARTDAG_HOME": str(tmp_path)}, standalone_mode=False)
    (one,) = json.loads(done.output)["findings"]
    assert (done.return_value, one["check"], one["remedy"]) == (1, "deck: tape", "Glue it.")
