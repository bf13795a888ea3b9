"""The HTTP side of ``artdagctl``: finds the node, signs in, asks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote

import httpx

from artdagd.cli import problems
from artdagd.cli.problems import NodeError
from artdagd.hooks.addresses import is_loopback

CHUNK = 1 << 20
DEFAULT = "http://127.0.0.1:8100"
PAUSE = 2.0
REDIRECTS = (302, 303, 307)
UPLOAD_SECONDS = 600
"""Seconds that a node may take to make an upload durable, after its last byte."""

Progress = Callable[[int], None]
Transfer = Callable[[int, int], None]


def home() -> Path:
    return Path(os.environ.get("ARTDAG_HOME") or "~/.artdag").expanduser()


def part(text: str) -> str:
    """``text`` as one segment of a path, whatever it contains."""
    return quote(text, safe="") if text.strip(".") else quote(text, safe="").replace(".", "%2E")


class Client:
    """A node's API. ``ARTDAG_URL`` and ``ARTDAG_TOKEN`` say where and who; else the local node and its admin token.

    The admin token is sent to this machine alone, never to another that ``ARTDAG_URL`` names.
    """

    def __init__(self) -> None:
        given = os.environ.get("ARTDAG_URL", "").strip()
        url = _checked(given or _read("address") or DEFAULT)
        self.url = str(url).rstrip("/")
        self._remedy = "Check ARTDAG_URL." if given else "Is the node running? Start it: artdagd serve"
        token = os.environ.get("ARTDAG_TOKEN", "").strip() or (_read("admin-token") if _is_here(url) else "")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise NodeError(
                "the token has characters that no token has\n  Check ARTDAG_TOKEN, or the file admin-token.",
                code=problems.DENIED,
            )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(60, connect=5)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    def location(self, path: str) -> str:
        """Where the node sends one who asks for ``path``; nobody goes there with the token."""
        with self._stream("GET", path, also=REDIRECTS) as answer:
            if answer.status_code not in REDIRECTS or not answer.headers.get("Location"):
                raise problems.not_a_node(answer)
            return str(answer.headers["Location"])

    def text(self, path: str) -> bytes:
        """What is there, as it came."""
        with self._stream("GET", path) as answer:
            return answer.read()

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask("POST", path, json=body)

    def post_yaml(self, path: str, text: bytes) -> Any:
        return self._ask("POST", path, content=text, headers={"Content-Type": "application/yaml"})

    def patch(self, path: str, body: Any) -> Any:
        return self._ask("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def health(self) -> dict[str, Any]:
        """What the node says of itself, also while it does not accept work."""
        with self._stream("GET", "/healthz", also=(503,)) as answer:
            answer.read()
            said = _decoded(answer)
            if not isinstance(said, dict) or not {"status", "version"} <= said.keys():
                raise problems.not_a_node(answer)
            return said

    def upload(self, file: Path, progress: Progress | None = None) -> Any:
        """Send a file to the cache; ``progress`` is told bytes as they leave."""
        with file.open("rb") as stream:
            name = os.fsencode(file.name).decode(errors="replace")  # not every file's name is UTF-8
            form = {"file": (name, _Watched(stream, progress or (lambda count: None)))}
            return self._ask("POST", "/cache/upload", files=form, timeout=httpx.Timeout(UPLOAD_SECONDS, connect=5))

    def bring(self, path: str) -> Any:
        """Have the node import a file of its own machine."""
        timeout = httpx.Timeout(UPLOAD_SECONDS, connect=5)
        return self._ask("POST", "/cache/import", params={"path": path}, timeout=timeout)

    def download(self, path: str, out: BinaryIO, progress: Transfer, **query: Any) -> str:
        """Write a blob's bytes, once they are made (202 before); ``progress`` is told (done, total).

        The answer is their CID as the node tells it, in the ETag.
        """
        asked = {key: value for key, value in query.items() if value is not None}
        while True:
            with self._stream("GET", path, params=asked) as answer:
                if answer.status_code == 200:
                    total, done = int(answer.headers.get("Content-Length", 0)), 0
                    for chunk in answer.iter_bytes(CHUNK):
                        out.write(chunk)
                        done += len(chunk)
                        progress(done, total)
                    return str(answer.headers.get("ETag", "")).strip('"')
                if answer.status_code != 202:
                    raise problems.not_a_node(answer)
                pause = problems.retry_after(answer) or PAUSE
            time.sleep(pause)

    def events(self, run_id: str, after: int | None = None) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """A run's server-sent events as (id, event, data), until the node ends the stream."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(after)} if after is not None else {})
        with self._stream("GET", f"/api/run/{part(run_id)}/events", headers=headers) as answer:
            yield from _events(answer)

    def work(self, path: str, body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """The server-sent events of work that the node does while it is listened to, as (event, data); the last is
        ``done``. Raises NodeError if the node stops before."""
        with self._stream("POST", path, json=body, headers={"Accept": "text/event-stream"}) as answer:
            for _, event, data in _events(answer):
                yield event, data
                if event == "done":
                    return
        raise NodeError("the node stopped before it was done\n  Try again.", code=problems.UNREACHABLE)

    @contextmanager
    def _stream(self, method: str, path: str, also: tuple[int, ...] = (), **options: Any) -> Iterator[httpx.Response]:
        """An open answer. Raises NodeError, also when the connection ends before the answer does."""
        try:
            with self._http.stream(method, path, **options) as answer:
                if not answer.is_success and answer.status_code not in also:
                    answer.read()
                    raise problems.of_answer(answer)
                yield answer
        except httpx.HTTPError as error:
            raise problems.unreachable(self.url, error, self._remedy) from None

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        with self._stream(method, path, **options) as answer:
            answer.read()
            return _decoded(answer) if answer.content else None


class _Watched:
    """A binary file that reports what is read from it."""

    def __init__(self, stream: BinaryIO, progress: Progress) -> None:
        self._stream, self._progress = stream, progress

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(CHUNK if 0 < size < CHUNK else size)
        self._progress(len(data))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def fileno(self) -> int:
        return self._stream.fileno()


def _events(answer: httpx.Response) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The server-sent events of an answer, to its end."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            try:
                number, data = int(fields.get("id", 0)), json.loads(fields["data"])
            except ValueError:
                raise problems.not_a_node(answer) from None
            yield number, fields.get("event", "message"), data
            fields = {}


def _decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise problems.not_a_node(answer) from None


def _checked(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise NodeError(
            f"ARTDAG_URL is {text!r}, which is no address of a node\n  Write http://HOST:PORT.", code=problems.USAGE
        )
    return url


def _is_here(url: httpx.URL) -> bool:
    return is_loopback(url.host) or str(url).rstrip("/") == _read("address").rstrip("/")


def _read(name: str) -> str:
    """A file of the local node, or nothing: another user's is not for us to read."""
    try:
        return (home() / name).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
