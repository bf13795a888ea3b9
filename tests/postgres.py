"""A PostgreSQL server of a test session: its own data folder, loopback, a free port, no durability unless asked for."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

USER = "artdag"
SUPPORT = "postgres"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
COMMON = ("listen_addresses=127.0.0.1", "max_connections=300")
TRIES = 5
"""Ports that are tried: between choosing one and listening on it another process may take it."""


def binaries() -> Path | None:
    """The folder with initdb and postgres, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


class Server:
    """A cluster in a folder of its own. PostgreSQL refuses to run as root: then it runs as postgres."""

    def __init__(self, programs: Path, folder: Path, settings: tuple[str, ...] = FAST) -> None:
        self._programs, self._folder, self._settings = programs, folder, settings
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._who = {"user": SUPPORT, "group": SUPPORT, "extra_groups": []}
            account = pwd.getpwnam(SUPPORT)
            os.chown(folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Without a database's name."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen: where it did before, or on a port that is free."""
        for left in reversed(range(1 if self.port else TRIES)):
            port = self.port or free_port()
            if self._listen(port):
                self.port = port
                return
            assert left, self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """``SIGINT`` is the shutdown "fast", which ends its sessions; ``SIGQUIT`` "immediate", which is a crash."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(60)

    @property
    def log(self) -> Path:
        return self._folder / "log"

    def _run(self, program: str, *words: str) -> None:
        command = [self._programs / program, "-D", self._folder / "data", *words]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False, **self._who)
        assert done.returncode == 0, done.stdout + done.stderr

    def _listen(self, port: int) -> bool:
        options = [word for setting in (*COMMON, *self._settings) for word in ("-c", setting)]
        command = [self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder, "-p", str(port)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *options], cwd=self._folder, stdout=log, stderr=log, **self._who
            )
        deadline = time.monotonic() + 60
        while "ready to accept connections" not in self.log.read_text():
            if self._process.poll() is not None:
                return False
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return True


@contextmanager
def running(programs: Path, settings: tuple[str, ...] = FAST) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="artdagd-postgres-"))
    try:
        made = Server(programs, folder, settings)
        made.start()
        try:
            yield made
        finally:
            made.stop(signal.SIGQUIT)  # nothing is worth being written to the disk first
    finally:
        shutil.rmtree(folder, ignore_errors=True)
