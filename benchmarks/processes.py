"""Processes that a benchmark needs beside itself: started on loopback, awaited, stopped by their pid."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 90.0
ROOT = Path(__file__).parents[1]


class Broken(Exception):
    """A process of the benchmark ended or said nothing; the text holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], log: Path, ready: Callable[[], bool], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` until the block ends; the block begins when ``ready()``."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(environment), stdout=out, stderr=out)
        try:
            wait_for(ready, process, log)
            yield process
        finally:
            stop(process)


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Broken(f"{process.args} did not start; its log ends:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.005)


def stop(process: subprocess.Popen[Any]) -> None:
    """SIGTERM, then SIGKILL after 10 s."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether a GET of ``url`` gives 200."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def python(part: str, *arguments: object) -> list[str]:
    """The command that runs ``benchmarks/parts/<part>.py``."""
    return [sys.executable, "-m", f"benchmarks.parts.{part}", *map(str, arguments)]


class Answerer:
    """A process of ``benchmarks/parts`` that reads a question a line and answers with a line of JSON each."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self._log = log
        with log.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )

    def __enter__(self) -> Answerer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            stop(self._process)

    def ask(self, question: str) -> float:
        assert self._process.stdin
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return float(json.loads(self.read()))

    def read(self) -> str:
        """Its next line. Raises Broken if it ended."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise Broken(f"{self._process.args} ended; its log ends:\n{self._log.read_text(errors='replace')[-2000:]}")
        return line.strip()


def answer_questions(answer: Callable[[str], float]) -> None:
    """The other end of an Answerer: answers until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(answer(line.strip())), flush=True)


def resident(pid: int) -> float:
    """Resident memory of a process and its children, in MB (10^6 bytes); shared pages count in each of them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = next(int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmRSS"))
    return own + sum(resident(int(child)) for child in children)


def _environment(extra: dict[str, str] | None) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ARTDAG")}
    # The peers' own worker processes may use what they like; nobody uses more threads than the machine has cores.
    return {**own, **(extra or {})}
