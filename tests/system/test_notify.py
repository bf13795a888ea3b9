"""What a service manager is told: by a whole daemon, and about an event loop that is held."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artdagd.system.notify import ServiceManager
from artdagd.system.watch import LoopWatch

SERVE = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0", "--workers", "0"]


def manager(listener: socket.socket, **more: str) -> ServiceManager:
    return ServiceManager({"NOTIFY_SOCKET": listener.getsockname(), **more})


def fields(listener: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in listener.recv(4096).decode().split("\n"))


def test_a_daemon_tells_its_service_manager_how_it_is(listener: socket.socket, tmp_path: Path):
    """Under the memory rule of its unit, too: the kernel's own form of MemoryDenyWriteExecute (prctl, Linux 6.3)."""
    environment = {
        **os.environ, "ARTDAG_HOME": str(tmp_path / "home"), "ARTDAG_RESERVE_BYTES": "0",
        "NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "4000000",
    }  # fmt: skip
    strict = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", strict, *SERVE], env=environment, stdout=subprocess.DEVNULL)
    try:
        listener.settimeout(30)
        first = fields(listener)
        assert first["READY"] == "1"
        assert first["STATUS"] == "at " + (tmp_path / "home" / "address").read_text().strip()
        assert fields(listener) == {"WATCHDOG": "1"}
        again = time.monotonic()
        assert fields(listener) == {"WATCHDOG": "1"}
        assert time.monotonic() - again < 4
        process.send_signal(signal.SIGTERM)
        while (said := fields(listener)) == {"WATCHDOG": "1"}:
            pass
        assert said["STOPPING"] == "1"
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


async def test_a_loop_that_is_held_feeds_no_watchdog_and_its_holder_is_named(
    listener: socket.socket, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    watch = LoopWatch(manager(listener, WATCHDOG_USEC="200000"), every=0.02, late=0.05)
    watch.start()
    try:
        assert await asyncio.to_thread(listener.recv, 4096) == b"WATCHDOG=1"
        a_hook_that_takes_its_time(listener)
        async with asyncio.timeout(10):
            while not (said := await asyncio.to_thread(listener.recv, 4096)).startswith(b"STATUS="):
                assert said == b"WATCHDOG=1"
    finally:
        watch.close()
    assert b"the event loop turns again" in said
    assert "the event loop is held by a_hook_that_takes_its_time" in caplog.text
    assert f"{Path(__file__).name}:" in caplog.text
    assert watch.last is not None
    assert watch.last.seconds > 0.3
    assert watch.last.who.startswith(f"a_hook_that_takes_its_time ({Path(__file__).name}:")


def a_hook_that_takes_its_time(listener: socket.socket) -> None:
    while (said := listener.recv(4096)) == b"WATCHDOG=1":
        pass
    assert b"STATUS=the event loop is held by a_hook_that_takes_its_time" in said
    listener.settimeout(0.3)
    with pytest.raises(TimeoutError):
        listener.recv(4096)
    listener.settimeout(10)


def test_without_a_service_manager_nothing_is_said(listener: socket.socket, tmp_path: Path):
    for address in ("", "relative", str(tmp_path / "nobody")):
        ServiceManager({"NOTIFY_SOCKET": address}).ready("here")
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.recv(1)


def test_the_watchdog_of_another_process_is_not_ours(listener: socket.socket):
    assert manager(listener, WATCHDOG_USEC="30000000").watchdog == 30
    assert manager(listener, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid())).watchdog == 30
    assert manager(listener, WATCHDOG_USEC="30000000", WATCHDOG_PID="1").watchdog is None
    assert manager(listener).watchdog is None


def test_children_are_not_told_of_the_service_manager(listener: socket.socket):
    environ = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
    ServiceManager(environ)
    assert environ == {"HOME": "/"}


def test_a_status_is_one_line(listener: socket.socket):
    manager(listener).status("fine\nREADY=1")
    assert fields(listener) == {"STATUS": "fine READY=1"}
