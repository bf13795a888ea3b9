"""kill -9 of a worker and of the daemon in the middle of a run: it completes, and nothing finished is redone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from clips import numbered_clip
from conftest import running_node

RECIPE = json.dumps({
    "name": "long", "version": "1", "inputs": {"clip": {"type": "video"}},
    "steps": [
        {"id": "first", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": "blur", "sigma": 3},
         "cache": "keep"},
        {"id": "second", "type": "EFFECT", "inputs": ["first"], "config": {"effect": "blur", "sigma": 9}},
    ],
    "output": "second",
})  # fmt: skip


@asynccontextmanager
async def daemon(home: Path) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    """A daemon in a process of its own, ready for work."""
    (home / "address").unlink(missing_ok=True)
    environment = {**os.environ, "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0"}
    command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0", "--workers", "1"]
    home.mkdir(exist_ok=True)
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(30):
            while not (home / "address").exists():
                assert process.poll() is None, (home / "log").read_text()
                await asyncio.sleep(0.02)
        token = (home / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=(home / "address").read_text().strip(), headers=headers, timeout=60
        ) as http:
            yield process, http
    finally:
        process.kill()
        process.wait()


async def until(http: httpx.AsyncClient, run_id: str, reached: Any) -> dict[str, Any]:
    async with asyncio.timeout(90):
        while True:
            run = (await http.get(f"/api/run/{run_id}")).json()
            if reached(run):
                return dict(run)
            assert run["status"] != "failed", run
            await asyncio.sleep(0.02)


def status(run: dict[str, Any], step: str) -> str:
    return next((s["status"] for s in run["steps"] if s["step_id"] == step), "none")


async def reference(home: Path, clip: Path) -> str:
    async with running_node(home) as (_, person):
        run = await person.run(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
        assert run["status"] == "completed", run
        return str(run["output_cid"])


async def test_killed_daemon_finishes_after_restart(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 500, width=768, height=432)
    wanted = await reference(tmp_path / "reference", clip)
    home = tmp_path / "home"
    async with daemon(home) as (process, http):
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        run_id = (await http.post("/api/run-recipe", json={"recipe_yaml": RECIPE, "inputs": {"clip": cid}})).json()[
            "run_id"
        ]
        before = await until(http, run_id, lambda run: status(run, "second") == "running")
        first = next(s for s in before["steps"] if s["step_id"] == "first")
        assert first["status"] == "completed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with daemon(home) as (_, http):
        run = await until(http, run_id, lambda run: run["status"] == "completed")
        assert run["output_cid"] == wanted
        assert status(run, "first") == "cached"
        assert run["passes_run"] == 1


async def test_killed_worker_is_replaced(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 500, width=768, height=432)
    wanted = await reference(tmp_path / "reference", clip)
    async with daemon(tmp_path / "home") as (_, http):
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        run_id = (await http.post("/api/run-recipe", json={"recipe_yaml": RECIPE, "inputs": {"clip": cid}})).json()[
            "run_id"
        ]
        await until(http, run_id, lambda run: status(run, "second") == "running")
        worker = (await http.get("/workers")).json()["items"][0]
        os.kill(worker["pid"], signal.SIGKILL)
        run = await until(http, run_id, lambda run: run["status"] == "completed")
        assert run["output_cid"] == wanted
        assert run["passes_run"] == 2
        workers = (await http.get("/workers")).json()["items"]
        assert [w["pid"] for w in workers if w["pid"] == worker["pid"]] == []


async def test_the_daemon_imports_no_media_library(tmp_path: Path):
    code = """
import asyncio, sys
from pathlib import Path
from artdagd.node import Node
from artdagd.settings import Settings
async def main():
    async with Node(Settings(home=Path(sys.argv[1]), port=0, workers=0)):
        print(sorted({"av", "numpy", "librosa", "numba", "scipy", "artdagd.render"} & set(sys.modules)))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


async def test_a_second_daemon_on_one_home_is_refused(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0):
        command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0"]
        environment = {**os.environ, "ARTDAG_HOME": str(tmp_path / "home")}
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 78
        assert str(os.getpid()) in done.stderr
