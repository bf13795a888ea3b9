"""A PostgreSQL server for the length of a test session: its own data folder, loopback, a free port, no durability."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "artdag"
SUPPORT = "postgres"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses=127.0.0.1")


def binaries() -> Path | None:
    """The folder with initdb and postgres, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """Runs a server; gives its URL without a database's name. It refuses to run as root: then it runs as postgres."""
    folder = Path(tempfile.mkdtemp(prefix="artdagd-postgres-"))
    who = {"user": SUPPORT, "group": SUPPORT, "extra_groups": []} if os.geteuid() == 0 else {}
    if who:
        account = pwd.getpwnam(SUPPORT)
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = _free_port()
    try:
        _run([programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C",
              "--no-sync"], folder, who)  # fmt: skip
        options = [word for setting in FAST for word in ("-c", setting)]
        command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port), *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **who)
        try:
            _wait(port, process, folder / "log")
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends its sessions
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[Path | str], folder: Path, who: dict[str, object]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **who)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            # The port opens before the server takes sessions: only its own word says that it does.
            if probe.connect_ex(("127.0.0.1", port)) == 0 and "ready to accept connections" in log.read_text():
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
