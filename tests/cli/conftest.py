"""Nodes and clips for the command lines."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip

sys.path.append(str(Path(__file__).parent))

from one_file import OneFile
from processes import RECIPE, Daemon


def _daemon(home: Path, workers: int) -> Iterator[Daemon]:
    made = Daemon(home, workers)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A node that renders; shared, so that its worker warms up once."""
    yield from _daemon(tmp_path_factory.mktemp("cli") / "home", 1)


@pytest.fixture(scope="session")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A node without workers: what is asked of it waits."""
    yield from _daemon(tmp_path_factory.mktemp("cli") / "home", 0)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clips") / "Žižkov 🎬.mp4", 10)


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recipes") / "soft.yaml"
    file.write_text(RECIPE)
    return file


@pytest.fixture
def stranger() -> Iterator[Callable[..., str]]:
    """Something else that listens: answers every request with these bytes, and its address."""
    servers: list[ThreadingHTTPServer] = []

    def serve(body: bytes, *, status: int = 200, media_type: str = "text/html", length: int | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            tokens: list[str | None] = []  # noqa: RUF012

            def do_GET(self) -> None:
                self.tokens.append(self.headers.get("Authorization"))
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def client(node: Daemon, tmp_path: Path) -> OneFile:
    return OneFile(tmp_path / "artdag.py", node)


@pytest.fixture
def asking(idle: Daemon, tmp_path: Path) -> OneFile:
    """A client of a node without workers."""
    return OneFile(tmp_path / "artdag.py", idle)
