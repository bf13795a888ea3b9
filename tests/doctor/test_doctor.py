"""``artdagctl doctor``: each thing that can be wrong is named, with its remedy, and a sound installation passes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nodes import running_node

from artdagd.cli.doctor import doctor
from artdagd.database import Database
from artdagd.doctor import installed, place, reach
from artdagd.doctor.doubt import Doubt
from artdagd.doctor.examination import AT_START, CHECKS, Check, examine, refuse
from artdagd.errors import ConfigError
from artdagd.hooks.manager import Plugins
from artdagd.settings import Provider, Settings

KEY = "k" * 32


def settings(home: Path, **more: Any) -> Settings:
    return Settings(home=home, port=0, reserve_bytes=0, **more)


def finding(check: Check, given: Settings) -> tuple[str, str, str | None]:
    (one,) = examine(given, {"it": check})
    return one.level, one.said, one.remedy


def wrong(level: str, check: Check, given: Settings, *words: str) -> None:
    found, said, remedy = finding(check, given)
    assert found == level, said
    for word in words:
        assert word in f"{said} {remedy}"
    assert remedy


def ask(home: Path, *words: str, **environ: str) -> tuple[int, dict[str, dict[str, Any]]]:
    given = {"ARTDAG_HOME": str(home), "PORT": "0", "ARTDAG_RESERVE_BYTES": "0", **environ}
    done = CliRunner().invoke(doctor, [*words, "--json"], env=given, standalone_mode=False)
    assert done.exception is None, done.output
    return done.return_value, {one["check"]: one for one in json.loads(done.output)["findings"]}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without those checks that start processes or load plugins."""
    for name in ("media libraries", "plugins"):
        monkeypatch.delitem(CHECKS, name)


def test_a_sound_installation_passes_before_its_first_start(tmp_path: Path):
    code, findings = ask(tmp_path / "home")
    assert {one["level"] for one in findings.values()} == {"ok"}, findings
    assert code == 0
    assert set(findings) == set(CHECKS)
    assert "FFmpeg" in findings["media libraries"]["said"]
    assert not (tmp_path / "home").exists(), "looking makes nothing"


async def test_it_finds_the_node_that_runs(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0) as (node, _):
        from asyncio import to_thread

        given = settings(tmp_path / "home", database_url=node.settings.database_url)
        assert await to_thread(reach.node, given) == f"process {os.getpid()} at {node.url} is ok"
        assert "schema" in await to_thread(reach.database, given)
    assert "none runs" in reach.node(given)


@pytest.mark.usefixtures("quiet")
def test_an_error_is_exit_code_1_and_comes_with_its_remedy(tmp_path: Path):
    tmp_path.chmod(0o777)
    code, findings = ask(tmp_path)
    assert code == 1
    assert findings["home"]["level"] == "error"
    assert findings["home"]["remedy"] == f"chmod o-w {tmp_path}"


def test_settings_that_can_not_be_used_are_the_finding(tmp_path: Path):
    code, findings = ask(tmp_path, PORT="many")
    assert (code, set(findings)) == (1, {"settings"})
    assert "PORT" in findings["settings"]["said"]


@pytest.mark.usefixtures("quiet")
def test_lines_for_a_person(tmp_path: Path):
    done = CliRunner().invoke(doctor, [], env={"ARTDAG_HOME": str(tmp_path), "HOST": "0.0.0.0", "PORT": "0"})
    assert "warning  address: HOST is 0.0.0.0" in done.output
    assert "           put TLS in front of it" in done.output


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    (home / "run").chmod(0o755)
    wrong("error", place.worker_socket, settings(home), "chmod 700")
    wrong("error", place.worker_socket, settings(tmp_path / ("x" * 100)), "107", "ARTDAG_HOME")
    (home / "file").touch()
    wrong("error", place.home, settings(home / "file"), "no folder")
    wrong("error", place.home, settings(home / "file" / "in"), "Not a directory")
    (home / "admin-token").touch(0o644)
    wrong("error", place.secrets, settings(home), "chmod 600")
    (home / "admin-token").chmod(0o600)
    assert finding(place.secrets, settings(home))[0] == "ok"
    free = shutil.disk_usage(home).free
    wrong("error", place.disk, Settings(home=home, reserve_bytes=2 * free), "ARTDAG_RESERVE_BYTES")
    wrong("warning", place.disk, Settings(home=home, reserve_bytes=free * 2 // 3), "cache delete")
    wrong("error", place.import_roots, settings(home, import_roots=(home,)), "import_roots")
    wrong("warning", place.import_roots, settings(home, import_roots=(tmp_path / "not-mounted",)), "Mount its disk")
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    wrong("error", place.clock, settings(home), "1970-01-01")


def test_reach(tmp_path: Path):
    home = tmp_path / "home"
    wrong("error", reach.cluster_key, settings(home, worker_address="tcp://0.0.0.0:1", cluster_key="short"), "openssl")
    open_to_all = {"worker_address": "tcp://0.0.0.0:1", "cluster_key": KEY}
    wrong("warning", reach.cluster_key, settings(home, **open_to_all), "ARTDAG_WORKER_URL")
    for reached in ({"host": "10.0.0.1"}, {"worker_url": "http://node.lan"}, {"public_url": "https://node.example"}):
        assert finding(reach.cluster_key, settings(home, **open_to_all, **reached))[0] == "ok"
    alone = settings(home, worker_address="tcp://127.0.0.1:1", cluster_key=KEY)
    assert finding(reach.cluster_key, alone)[0] == "ok"
    wrong("warning", reach.address, settings(home, host="0.0.0.0", public_url="http://a.example"), "TLS")
    assert finding(reach.address, settings(home, host="0.0.0.0", public_url="https://a.example"))[0] == "ok"
    wrong("error", reach.hosts, settings(home, allowed_hosts=("https://a.example",)), "host names alone")
    wrong("warning", reach.hosts, settings(home, host="0.0.0.0"), "L1_PUBLIC_URL")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wrong("error", reach.node, Settings(home=home, port=port), f"127.0.0.1:{port}", "HOST and PORT")


async def test_databases(tmp_path: Path):
    from asyncio import to_thread

    home = tmp_path / "home"
    home.mkdir()
    file = home / "artdagd.sqlite"
    file.touch()
    await to_thread(wrong, "error", reach.database, settings(home), "empty", "backup")
    file.write_bytes(b"no database" * 1000)
    await to_thread(wrong, "error", reach.database, settings(home), "not a database", "backup")
    file.unlink()
    await (await Database.open(settings(home).database)).close()
    for schema, level in (("0001", "ok"), ("9999", "error")):
        connection = sqlite3.connect(file)
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        connection.commit()
        connection.close()
        found, said, _ = await to_thread(finding, reach.database, settings(home))
        assert (found, schema in said) == (level, True), said


@pytest.mark.parametrize("version", ["8.1.2", "8.0.3", "7.1.5", "n8.1.2-3-gabc", "8.2", "9.0.1"])
def test_an_ffmpeg_that_is_mended(version: str):
    installed.judge(version)


@pytest.mark.parametrize("version", ["8.1.1", "8.1", "8.0.2", "7.1.4", "7.0.9", "6.1.9", "5.1"])
def test_an_ffmpeg_that_a_file_can_take_over(version: str):
    with pytest.raises(ConfigError, match="CVE-2026-8461"):
        installed.judge(version)


def test_an_ffmpeg_that_nobody_knows():
    with pytest.raises(Doubt, match="git"):
        installed.judge("git-2026")


def test_plugins_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Broken:
        def __init__(self) -> None:
            raise RuntimeError("no such library")

    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls: cls.of(broken=Broken)))
    wrong("error", installed.plugins, settings(tmp_path), "broken", "no such library")
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls: cls.of()))
    wrong("warning", installed.plugins, settings(tmp_path), "effects")
    given = settings(tmp_path, storage=(Provider("local", "disk"),))
    wrong("error", installed.plugins, given, "storage disk", "'local'")


def test_a_start_refuses_what_the_doctor_calls_an_error(tmp_path: Path):
    assert set(AT_START) < set(CHECKS)
    with pytest.raises(ConfigError, match="at least 16 characters"):
        refuse(settings(tmp_path / "home", worker_address="tcp://0.0.0.0:1"))


def test_a_check_that_breaks_is_a_finding(tmp_path: Path):
    def broken(given: Settings) -> str:
        raise KeyError("x")

    wrong("error", broken, settings(tmp_path), "the check failed: KeyError")
