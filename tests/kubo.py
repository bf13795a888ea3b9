"""A real IPFS node on loopback: Kubo, offline, with a repository of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.programs import built, stop

START_SECONDS = 60.0


class Kubo(msgspec.Struct):
    """A node whose RPC is at ``api`` (a multiaddr), and its gateway at ``gateway`` (http)."""

    program: str
    folder: Path
    api: str
    gateway: str

    @property
    def port(self) -> int:
        return int(self.api.rpartition("/")[2])

    def run(self, *arguments: str, data: bytes | None = None) -> str:
        """What the command ``ipfs`` prints."""
        command = [self.program, f"--api={self.api}", *arguments]
        done = subprocess.run(command, env=_environment(self.folder), input=data, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def pinned(self, cid: str) -> bool:
        return cid in self.pins()

    def pins(self) -> set[str]:
        """What is pinned for itself."""
        return {cid for kind in ("recursive", "direct") for cid in self.run("pin", "ls", f"-t={kind}", "-q").split()}

    def block(self, multihash: str) -> Path:
        """The file of a block, by its multihash in upper-case base32: the name that flatfs gives it."""
        return self.folder / "blocks" / multihash[-3:-1] / f"{multihash}.data"


@contextmanager
def kubo(folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[Kubo]:
    """Runs a node on free ports, which it chooses itself and writes down. ``settings`` (``Import.CidVersion`` …) are
    put into its configuration."""
    program = built("ipfs")
    environment = _environment(folder)
    subprocess.run(
        [program, "init", "--profile=test", "--empty-repo"], env=environment, check=True, capture_output=True
    )
    _configure(folder / "config", settings or {})
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, "daemon", "--offline"], env=environment, stdout=log, stderr=log)
        try:
            yield Kubo(program, folder, _told(folder, "api", running), _told(folder, "gateway", running))
        finally:
            stop(running)


def _environment(folder: Path) -> dict[str, str]:
    return {"IPFS_PATH": str(folder), "HOME": str(folder), "PATH": os.environ.get("PATH", "")}


def _configure(file: Path, settings: Mapping[str, Any]) -> None:
    config = json.loads(file.read_text())
    for path, value in settings.items():
        *folders, name = path.split(".")
        at = config
        for one in folders:
            at = at.setdefault(one, {})
        at[name] = value
    file.write_text(json.dumps(config))


def _told(folder: Path, name: str, running: subprocess.Popen[bytes]) -> str:
    """What the node wrote into the file ``name`` once it was ready."""
    until = time.monotonic() + START_SECONDS
    while not ((folder / name).exists() and b"Daemon is ready" in (folder / "log").read_bytes()):
        if running.poll() is not None or time.monotonic() > until:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.02)
    return (folder / name).read_text().strip()
