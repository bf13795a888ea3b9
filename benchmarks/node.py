"""A node of ours for a benchmark: the daemon as it is installed, in a home of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import Broken, answers, running


class Node:
    """Its address, the admin's token, and a client that has both."""

    def __init__(self, home: Path, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.url = (home / "address").read_text().strip()
        self.token = (home / "admin-token").read_text().strip()
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=300, trust_env=False
        )

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def upload(self, path: Path) -> str:
        with path.open("rb") as file:
            answer = self.http.post("/cache/upload", files={"file": (path.name, file)})
        return str(_ok(answer)["cid"])

    def run(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Start a run and follow its events to the end; the run as it is then. Raises Broken if it failed."""
        run_id = _ok(self.http.post(path, json=body))["run_id"]
        with self.http.stream("GET", f"/api/run/{run_id}/events") as answer:
            for _ in answer.iter_lines():
                pass
        run = _ok(self.http.get(f"/api/run/{run_id}"))
        if run["status"] != "completed":
            raise Broken(f"run {run_id} {run['status']}: {run['error']}")
        return run


CLUSTER = {"ARTDAG_CLUSTER_KEY": "one key for all benchmarks"}


@contextmanager
def node(
    home: Path, workers: int = 2, log: str = "node.log", *, host: str = "127.0.0.1", worker_address: str = ""
) -> Iterator[Node]:
    """``artdagd serve`` until the block ends. Workers may join at ``worker_address`` with the key of ``CLUSTER``."""
    home.mkdir(exist_ok=True)
    address = home / "address"
    address.unlink(missing_ok=True)
    given = environment(home) | {"HOST": host}
    if worker_address:
        given |= CLUSTER | {"ARTDAG_WORKER_ADDRESS": worker_address}
    with running(command(workers), home / log, lambda: _healthy(address), given) as process:
        made = Node(home, process)
        try:
            yield made
        finally:
            made.http.close()


def command(workers: int) -> list[str]:
    return [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0", "--workers", str(workers)]


def environment(home: Path) -> dict[str, str]:
    return {"ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0"}


def _healthy(address: Path) -> bool:
    return address.exists() and answers(f"{address.read_text().strip()}/healthz")


def _ok(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code >= 300:
        raise Broken(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
    return dict(answer.json())
