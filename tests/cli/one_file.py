"""The client of ``/download/client``, as a user has it: one file, a bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
from processes import Daemon

BARE = [sys.executable, "-I", "-S"]
"""Neither site-packages nor anything of the environment's."""


class OneFile:
    """The file that a node hands out, and the token of its admin."""

    def __init__(self, file: Path, node: Daemon) -> None:
        answer = httpx.get(f"{node.url}/download/client", trust_env=False)
        assert answer.status_code == 200
        file.write_bytes(answer.content)
        self.file, self.token = file, (node.home / "admin-token").read_text().strip()

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ARTDAG_TOKEN": self.token, **more}

    def __call__(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        command = [*BARE, str(self.file), *map(str, words)]
        done = subprocess.run(
            command, env=self.environment(**more), cwd=self.file.parent, capture_output=True, text=True, timeout=100
        )
        assert self.token not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done


def well(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done
    return done.stdout.strip()


def refused(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert (done.returncode, done.stdout) == (code, ""), done
    for words in said:
        assert words in done.stderr
