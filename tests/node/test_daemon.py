"""What the daemon is as a process: small, alone on its home, and free to drop what nobody wants any more."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from clips import numbered_clip
from daemons import daemon, until
from nodes import running_node

MEDIA = {"av", "numpy", "PIL", "librosa", "numba", "scipy", "artdagd.render"}

LONG = """
name: ten hours
inputs: {clip: {type: video}}
steps: [{id: out, type: LOOP, inputs: [clip], config: {duration: 36000}}]
output: out
"""

RENDER_ONE = """
import asyncio, sys
from pathlib import Path
from nodes import running_node
async def main():
    async with running_node(Path(sys.argv[1])) as (_, person):
        run = await person.run(effect="blur", inputs=[await person.upload(Path(sys.argv[2]))])
        print(run["status"], *sys.modules)
asyncio.run(main())
"""


async def test_the_daemon_imports_no_media_library_even_when_it_renders(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    command = [sys.executable, "-c", RENDER_ONE, str(tmp_path / "home"), str(clip)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    status, *modules = done.stdout.split()
    assert status == "completed", done.stdout + done.stderr
    assert MEDIA.isdisjoint(modules)


async def test_a_second_daemon_on_one_home_is_refused(tmp_path: Path):
    async with running_node(tmp_path / "home", workers=0):
        command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0"]
        environment = {**os.environ, "ARTDAG_HOME": str(tmp_path / "home")}
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 78
        assert str(os.getpid()) in done.stderr


async def test_a_cancelled_run_ends_and_its_worker_takes_other_work(tmp_path: Path):
    async with daemon(tmp_path / "home") as (_, http):
        clip = numbered_clip(tmp_path / "clip.mp4", 10)
        cid = (await http.post("/cache/upload", files={"file": clip.read_bytes()})).json()["cid"]
        body = {"recipe_yaml": LONG, "inputs": {"clip": cid}}
        run_id = (await http.post("/api/run-recipe", json=body)).json()["run_id"]
        await until(http, run_id, lambda run: run["progress"]["fraction"] > 0)
        assert (await http.post(f"/runs/{run_id}/cancel")).status_code == 202
        async with asyncio.timeout(20):
            await until(http, run_id, lambda run: run["status"] == "cancelled")
        other = (await http.post("/runs", json={"effect": "blur", "inputs": [cid]})).json()["run_id"]
        async with asyncio.timeout(20):
            await until(http, other, lambda run: run["status"] == "completed")
        assert (await http.get(f"/api/run/{run_id}")).json()["status"] == "cancelled"
