"""versitygw, a real S3 service, over a folder."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from artdagd_storage_s3 import S3Config

from tests.needs import missing

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
def gateway(folder: Path) -> Iterator[Gateway]:
    """Runs on a free port, with a key of its own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "artdagd" / "servers"
    program = shutil.which("versitygw", path=os.pathsep.join((str(cache), os.environ.get("PATH", ""))))
    if program is None:
        missing("versitygw", "make servers builds it, with Go")
    (folder / "root").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Gateway(port, folder / "root", "tests", secrets.token_hex(16))
    command = [program, "--quiet", "--port", f"127.0.0.1:{port}", "posix", str(made.root)]
    environment = {"ROOT_ACCESS_KEY_ID": made.access, "ROOT_SECRET_ACCESS_KEY": made.secret, "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _await_port(port, running, folder / "log")
            yield made
        finally:
            running.terminate()
            running.wait(20)


def _await_port(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        if running.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            continue
        return
