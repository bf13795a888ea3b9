"""A worker with folders of its own beside a node: all files go over HTTP."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from clips import numbered_clip
from elsewhere import far_worker, left_over, open_node, until
from nodes import running_node

RECIPE = """\
name: far
inputs:
  clip: {type: video}
steps:
  - {id: soft, type: EFFECT, inputs: [clip], config: {effect: blur, sigma: 2}}
  - {id: back, type: REVERSE, inputs: [soft]}
output: back
"""


async def test_what_is_rendered_elsewhere_is_what_is_rendered_here(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 30)
    cids = []
    async with running_node(tmp_path / "here", workers=1, cluster_key="a key that nobody would guess") as (_, person):
        run = await person.run(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
        cids.append(run["output_cid"])
    home = tmp_path / "there"
    async with open_node(tmp_path / "node", workers=0) as (node, person, address):
        with far_worker(address, home, "--apart", "--name", "far") as worker:
            run = await person.run(recipe_yaml=RECIPE, inputs={"clip": await person.upload(clip)})
            assert run["status"] == "completed", (run["error"], (home / "log").read_text())
            cids.append(run["output_cid"])
            assert {step["worker"] for step in run["steps"]} == {"far"}
            (shown,) = (await person.http.get("/workers")).json()["items"]
            assert (shown["name"], shown["blobs"], shown["pid"]) == ("far", "http", worker.pid)
            await until(lambda: not left_over(home))  # A probe of the result may be under way.
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 30) == 0
            await until(lambda: not [path for path in (node.settings.cache / "scratch").iterdir() if path.is_dir()])
        assert {path.name for path in (home / "worker-cache" / "blobs").iterdir()} >= set(run["inputs"].values())
    assert cids[0] == cids[1]
    assert "Artdag-Ticket" not in (home / "log").read_text()
