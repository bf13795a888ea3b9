"""Both command lines as processes of their own, as a user has them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest
from nodes import share_templates

from artdagd.cli.control import main
from tests import databases

CONTROL = [sys.executable, "-c", "from artdagd.cli.control import main; main()"]
DAEMON = [sys.executable, "-m", "artdagd.cli.daemon"]

RECIPE = """\
name: Žižkov
version: "1"
inputs:
  clip: {type: video}
params:
  label: {type: string, default: x}
  depth: {type: number, default: 3, min: 0, max: 9}
steps:
  - id: soft
    type: EFFECT
    inputs: [clip]
    config: {effect: blur, sigma: $params.depth}
output: soft
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith("ARTDAG_")}
    return {**ours, **databases.environment(home), "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0", **more}


@dataclass
class Daemon:
    """An ``artdagd serve`` of a home."""

    home: Path
    workers: int
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, port: str = "0", **more: str) -> None:
        self.home.mkdir(exist_ok=True)
        share_templates(self.home)
        command = [*DAEMON, "serve", "--port", port, "--workers", str(self.workers)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment(self.home, **more), stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not (self.home / "address").exists():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    @property
    def url(self) -> str:
        return (self.home / "address").read_text().strip()

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def ctl(self, *words: object, **more: str) -> Done:
        return ctl(self.home, *words, **more)


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def ctl(home: Path, *words: object, **more: str) -> Done:
    """``artdagctl WORDS`` from entry to end, its output piped. In this process: another costs 0.4 s."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, environment(home, **more), clear=True))
        stack.enter_context(mock.patch.object(sys, "argv", ["artdagctl", *map(str, words)]))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        code = stack.enter_context(pytest.raises(SystemExit))
        main()
    for stream in (out, err):
        stream.flush()
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Done(int(code.value.code or 0), *said)


def well(done: Done) -> str:
    """The output of a command that succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
