"""versitygw, a real S3 service, over a folder."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from artdagd_storage_s3 import S3Config

from tests.programs import built, stop

STARTING = 60.0
"""Seconds that it may take to listen; alone it takes half of one."""

LISTENING = "0A"
"""The state of a socket in proc(5)'s net/tcp."""

_numbers = itertools.count()


class Gateway(msgspec.Struct):
    """A service on ``port`` of 127.0.0.1; its buckets are the folders of ``root``."""

    port: int
    root: Path
    access: str
    secret: str

    def bucket(self) -> str:
        """The name of a new one."""
        name = f"bucket-{next(_numbers)}"
        (self.root / name).mkdir()
        return name

    def config(self, bucket: str, *, port: int = 0, **other: object) -> S3Config:
        given = {
            "bucket": bucket,
            "access_key_id": self.access,
            "secret_access_key": self.secret,
            "endpoint_url": f"http://127.0.0.1:{port or self.port}",
        }
        return msgspec.convert(given | other, S3Config)

    def unfinished(self, bucket: str) -> list[str]:
        """Uploads in parts that were neither completed nor aborted."""
        return [str(path) for path in (self.root / bucket / ".sgwtmp").glob("multipart/*/*")]


@contextmanager
def gateway(folder: Path, *, sidecar: bool = False) -> Iterator[Gateway]:
    """Runs on a port that the kernel chooses as it binds, with a key of its own.

    ``sidecar``: what it notes of objects is in files. In extended attributes ext4 has room for some hundred parts.
    """
    program = built("versitygw")
    root, log = folder / "root", folder / "log"
    root.mkdir()
    access, secret = "tests", secrets.token_hex(16)
    command = [program, "--quiet", "--port", "127.0.0.1:0", "posix"]
    if sidecar:
        (folder / "notes").mkdir()
        command += ["--sidecar", str(folder / "notes")]
    command.append(str(root))
    environment = {"ROOT_ACCESS_KEY_ID": access, "ROOT_SECRET_ACCESS_KEY": secret, "HOME": str(folder)}
    with log.open("wb") as said:
        running = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        yield Gateway(_port(running, log), root, access, secret)
    finally:
        stop(running)


def _port(running: subprocess.Popen[bytes], log: Path) -> int:
    """Where the process listens. Raises RuntimeError with what it said if it ends or takes too long."""
    deadline = time.monotonic() + STARTING
    while running.poll() is None:
        if ports := _listening(running.pid):
            return ports[0]
        if time.monotonic() > deadline:
            raise RuntimeError(f"versitygw does not listen after {STARTING:g} s; it said: {log.read_text()}")
        time.sleep(0.05)
    raise RuntimeError(f"versitygw ended with {running.returncode}; it said: {log.read_text()}")


def _listening(pid: int) -> list[int]:
    """The TCP ports on which a process listens, by proc(5): nobody has to call, and no port is chosen beforehand."""
    process = Path("/proc") / str(pid)
    try:
        sockets = {os.readlink(descriptor) for descriptor in (process / "fd").iterdir()}
        rows = [row.split() for row in (process / "net" / "tcp").read_text().splitlines()[1:]]
    except OSError:
        return []
    listening = [row for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in sockets]
    return [int(row[1].split(":")[1], 16) for row in listening]
