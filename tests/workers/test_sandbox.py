"""F1-F3, F15: what a hostile file takes over in a worker reads, writes and calls nothing but what a worker needs."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from nodes import running_node
from pools import running_pool

from artdagd.doctor import confinement
from artdagd.doctor.doubt import Doubt
from artdagd.errors import ConfigError
from artdagd.settings import Settings
from artdagd.workers import landlock

REFUSED = (
    *("read a file", "read the database", "list the home", "read the parent's environment", "read passwords"),
    *("write beside", "write among blobs", "link among blobs", "delete", "ask a program"),
    *("connect", "listen", "signal the parent"),
)
ALLOWED = ("read a blob", "write state", "write scratch", "make a temporary file", "read itself", "throw away")

with_landlock = pytest.mark.skipif(landlock.abi() < 6, reason="the Landlock of this kernel does not know all of it")


def folders(home: Path) -> list[str]:
    for name in ("blobs", "scratch"):
        (home / name).mkdir(parents=True, exist_ok=True)
    (home / "blobs" / "b").write_text("a blob")
    (home / "database").write_text("secrets")
    (home.parent / "secret").write_text("secret")
    return ["--reads", str(home / "blobs"), "--writes", str(home / "scratch")]


@with_landlock
async def test_what_is_no_business_of_a_worker_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        monkeypatch.setenv("PROBE_PORT", str(canary.getsockname()[1]))
        async with running_pool(home, 1, arguments=["--sandbox", "require", *folders(home)]) as pool:
            (worker,) = pool.broker.workers()
            assert worker.sandbox == f"landlock {landlock.abi()}"
            tries = await pool.value("escape")
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert tries == dict.fromkeys(REFUSED, "PermissionError") | dict.fromkeys(ALLOWED, "done")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "secret"]
    assert [path.name for path in (home / "blobs").iterdir()] == ["b"]


async def test_without_it_all_of_that_can_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as canary:
        monkeypatch.setenv("PROBE_PORT", str(canary.getsockname()[1]))
        async with running_pool(home, 1, arguments=["--sandbox", "off", *folders(home)]) as pool:
            (worker,) = pool.broker.workers()
            assert worker.sandbox == "off"
            assert await pool.value("escape") == dict.fromkeys((*REFUSED, *ALLOWED), "done")


@with_landlock
async def test_a_nodes_own_workers_are_restricted_and_say_so(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=1) as (_, person), asyncio.timeout(60):
        while not (found := (await person.http.get("/workers")).json()["items"]):
            await asyncio.sleep(0.1)
        assert [worker["sandbox"] for worker in found] == [f"landlock {landlock.abi()}"]
        page = (await person.http.get("/workers", headers={"Accept": "text/html"})).text
        assert f"Restricted by landlock {landlock.abi()}" in page


def test_a_kernel_without_it_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def settings(**more: str) -> Settings:
        return Settings(home=tmp_path, workers=1, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(landlock, "abi", lambda: 7)
    assert confinement.worker_sandbox(settings()) == "Landlock 7"
    with pytest.raises(Doubt, match="worker_sandbox is off"):
        confinement.worker_sandbox(settings(worker_sandbox="off"))
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(Doubt, match="no Landlock"):
        confinement.worker_sandbox(settings())
    with pytest.raises(ConfigError, match="'require'"):
        confinement.worker_sandbox(settings(worker_sandbox="require"))


def test_required_where_it_is_not_there_ends_the_worker():
    code = (
        "from artdagd.workers import landlock; landlock.abi = lambda: 0\n"
        "from artdagd.workers.sandbox import Folders, enter\n"
        "print(enter('auto', Folders(), offline=True))\n"
        "enter('require', Folders(), offline=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "none\n")
    assert "the kernel has no Landlock" in done.stderr
