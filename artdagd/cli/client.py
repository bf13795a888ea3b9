"""The HTTP side of ``artdagctl``: finds the node, signs in, turns problem+json into errors that a person can read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import click
import httpx

CHUNK = 1 << 20
Progress = Callable[[int], None]


class NodeError(click.ClickException):
    """The node said no. Exit code 1; 3 when it can't be reached at all."""

    def __init__(self, message: str, *, exit_code: int = 1, problem: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]
        self.problem = problem or {}


def home() -> Path:
    return Path(os.environ.get("ARTDAG_HOME", "~/.artdag")).expanduser()


class Client:
    """A node's API. ``ARTDAG_URL`` and ``ARTDAG_TOKEN`` say where and who; else the local node and its admin token."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self.url = (url or os.environ.get("ARTDAG_URL") or _local_address()).rstrip("/")
        token = token or os.environ.get("ARTDAG_TOKEN") or _admin_token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(60, connect=5)
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._json("GET", path, params={key: value for key, value in query.items() if value is not None})

    def post(self, path: str, body: Any = None, *, content: bytes | None = None) -> Any:
        if content is not None:
            return self._json("POST", path, content=content, headers={"Content-Type": "application/yaml"})
        return self._json("POST", path, json=body)

    def delete(self, path: str) -> None:
        self._json("DELETE", path)

    def upload(self, file: Path, progress: Progress | None = None) -> Any:
        """Send a file to the cache; ``progress`` is told bytes as they leave."""
        with file.open("rb") as stream:
            return self._json(
                "POST", "/cache/upload", files={"file": (file.name, _Watched(stream, progress or (lambda n: None)))}
            )

    def download(self, cid: str, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a blob to ``target``, whole or not at all; ``progress`` is told (done, total)."""
        part = target.with_name(target.name + ".part")
        try:
            with self._stream("GET", f"/cache/{cid}/raw") as answer, part.open("wb") as out:
                total, done = int(answer.headers.get("Content-Length", 0)), 0
                for chunk in answer.iter_bytes(CHUNK):
                    out.write(chunk)
                    done += len(chunk)
                    if progress:
                        progress(done, total)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def events(self, run_id: str, after: int | None = None) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """A run's server-sent events as (id, event, data), until the node ends the stream."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(after)} if after is not None else {})
        with self._stream("GET", f"/api/run/{run_id}/events", headers=headers) as answer:
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    yield int(fields.get("id", 0)), fields.get("event", "message"), json.loads(fields["data"])
                    fields = {}

    def _stream(self, method: str, path: str, **options: Any) -> _Stream:
        return _Stream(self, method, path, options)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.is_error:
            raise _problem(answer)
        return answer.json() if answer.content else None

    def _unreachable(self, error: Exception) -> NodeError:
        reason = str(error) or type(error).__name__
        return NodeError(
            f"no answer from {self.url} ({reason}). Is the node running? Start it: artdagd serve", exit_code=3
        )


class _Stream:
    """An open answer whose body is read bit by bit; errors before the body become NodeError."""

    def __init__(self, client: Client, method: str, path: str, options: dict[str, Any]) -> None:
        self._client = client
        self._context = client._http.stream(method, path, **options)

    def __enter__(self) -> httpx.Response:
        try:
            answer = self._context.__enter__()
        except httpx.HTTPError as error:
            raise self._client._unreachable(error) from None
        if answer.is_error:
            answer.read()
            self._context.__exit__(None, None, None)
            raise _problem(answer)
        return answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.__exit__(kind, error, trace)


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


def _problem(answer: httpx.Response) -> NodeError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    lines = [f"{problem.get('title', answer.reason_phrase)}: {problem.get('detail', answer.status_code)}"]
    for fault in problem.get("errors") or []:
        place = f"line {fault['line']}, column {fault['column']}: " if fault.get("line") else f"{fault['loc']}: "
        lines.append(f"  {place}{fault['msg']}")
    if answer.status_code == 401:
        lines.append("  Set ARTDAG_TOKEN, or run this as the user whose ~/.artdag/admin-token it is.")
    return NodeError("\n".join(lines), problem=problem)


def _local_address() -> str:
    try:
        return (home() / "address").read_text().strip()
    except OSError:
        return "http://127.0.0.1:8100"


def _admin_token() -> str | None:
    try:
        return (home() / "admin-token").read_text().strip()
    except OSError:
        return None
