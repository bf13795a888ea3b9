"""A node and a worker at work under the system call rules and the memory rule of their units."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from clips import numbered_clip
from daemons import until
from needs import missing

UNITS = Path(__file__).parents[2] / "systemd"
ARTDAGD = [sys.executable, "-m", "artdagd.cli.daemon"]


def members(analyze: str, group: str) -> set[str]:
    """The system calls of a group such as ``@system-service``."""
    if not group.startswith("@"):
        return {group}
    done = subprocess.run([analyze, "syscall-filter", group], capture_output=True, text=True, check=True)
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    return {name for word in words if word and not word.startswith("#") for name in members(analyze, word)}


def confined(analyze: str, unit: str) -> list[str]:
    text = (UNITS / unit).read_text()
    allowed = members(analyze, "@default")
    for line in re.findall(r"^SystemCallFilter=(.+)$", text, re.MULTILINE):
        listed = {name for group in line.removeprefix("~").split() for name in members(analyze, group)}
        allowed = allowed - listed if line.startswith("~") else allowed | listed
    strict = ["-strict"] if "\nMemoryDenyWriteExecute=yes\n" in text else []
    return [sys.executable, str(Path(__file__).parent / "confined.py"), *strict, *sorted(allowed), "--"]


@pytest.mark.timeout(180)
async def test_a_node_and_a_worker_work_under_the_rules_of_their_units(tmp_path: Path):
    analyze = shutil.which("systemd-analyze") or missing("systemd", "apt-get install systemd")
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        missing("systemd", "apt-get install libseccomp2")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0"}
    node = [*confined(analyze, "artdagd.service"), *ARTDAGD, "serve", "--port", "0", "--workers", "0"]
    worker = [
        *confined(analyze, "artdagd-worker@.service"), *ARTDAGD, "worker",
        "--connect", f"ipc://{home}/run/workers.sock",
    ]  # fmt: skip
    with (tmp_path / "log").open("ab") as log:
        started = [subprocess.Popen(command, env=environment, stdout=log, stderr=log) for command in (node, worker)]
    try:
        async with asyncio.timeout(60):
            while not (home / "address").exists():
                assert started[0].poll() is None, (tmp_path / "log").read_text()
                await asyncio.sleep(0.05)
        token = (home / "admin-token").read_text().strip()
        url = (home / "address").read_text().strip()
        async with httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        ) as http:
            clip = numbered_clip(tmp_path / "clip.mp4", 10)
            cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
            run = (await http.post("/runs", json={"effect": "blur", "inputs": [cid]})).json()["run_id"]
            await until(http, run, lambda run: run["status"] == "completed")
        for process in reversed(started):
            process.terminate()
            assert await asyncio.to_thread(process.wait, 30) == 0, (tmp_path / "log").read_text()
    finally:
        for process in started:
            process.kill()
            process.wait()
