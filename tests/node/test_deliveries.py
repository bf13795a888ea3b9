"""The output of a run is a file of the format that its recipe asks for, by name and by type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clips import numbered_clip

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def node(module_node: Any) -> Any:
    return module_node


RECIPE = """
name: mine
inputs: {{clip: {{type: video}}}}
steps: [{{id: out, type: SPEED, inputs: [clip]}}]
output: {{step: out, {delivery}}}
"""


@pytest.mark.parametrize(
    ("delivery", "ends", "media_type"),
    [
        ("for: gif, width: 48", ".gif", "image/gif"),
        ("format: webm, preset: 8", ".webm", "video/webm"),
        ("for: archive", ".mkv", "video/matroska"),
    ],
)
async def test_a_run_gives_the_format(node, tmp_path: Path, delivery: str, ends: str, media_type: str):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))
    run = await person.run(recipe_yaml=RECIPE.format(delivery=delivery), inputs={"clip": clip})
    assert run["status"] == "completed", run["error"]
    entry = (await person.http.get(f"/cache/{run['output_cid']}")).json()
    assert entry["filename"].endswith(ends)
    raw = await person.http.get(f"/cache/{run['output_cid']}/raw")
    assert raw.headers["content-type"] == media_type
    assert entry["media_type"] == media_type


async def test_what_can_t_be_delivered_is_told_before_anything_is_rendered(node, tmp_path: Path):
    _, person = node
    clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 5))
    body = {"recipe_yaml": RECIPE.format(delivery="for: audio"), "inputs": {"clip": clip}}
    answer = await person.http.post("/api/plan", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"loc": "output.format", "msg": "m4a holds sound alone, and 'out' gives none"}]


async def test_a_recipe_tells_how_it_delivers(node):
    _, person = node
    text = RECIPE.format(delivery="for: gif, fps: 12.5").encode()
    uploaded = (await person.http.post("/recipes/upload", content=text, headers={"Content-Type": "text/yaml"})).json()
    recipe = (await person.http.get(f"/recipes/{uploaded['recipe_id']}")).json()
    assert recipe["delivery"] == {
        "format": "gif", "video_codec": "gif", "loop": True, "width": 480, "fit": "shrink", "fps": [25, 2],
    }  # fmt: skip
