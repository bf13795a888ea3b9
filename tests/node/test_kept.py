"""What an earlier run stored is where a later one starts, wherever the later one's passes are cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clips import numbered_clip
from nodes import running_node

RECIPE = """
name: chain
inputs:
  clip: {{type: video}}
steps:
  - {{id: part, type: SEGMENT, inputs: [clip], config: {{start: 0.2, duration: 1}}}}
  - {{id: soft, type: EFFECT, inputs: [part], config: {{effect: blur, sigma: 3}}}}
  - {{id: tint, type: EFFECT, inputs: [soft], config: {{effect: hue, degrees: 60}}, cache: {cache}}}
  - {{id: dark, type: EFFECT, inputs: [tint], config: {{effect: vignette, angle: {angle}}}}}
output: dark
"""


def told(run: dict[str, Any]) -> dict[str, str]:
    return {step["step_id"]: step["status"] for step in run["steps"]}


async def test_a_pass_starts_from_what_a_step_inside_it_once_gave(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 40)
    async with running_node(tmp_path / "home") as (_, person):
        inputs = {"clip": await person.upload(clip)}
        first = await person.run(recipe_yaml=RECIPE.format(cache="keep", angle=0.5), inputs=inputs)
        assert first["status"] == "completed", first["error"]
        assert told(first) == {"part": "fused", "soft": "fused", "tint": "completed", "dark": "completed"}
        kept = next(step["output_cid"] for step in first["steps"] if step["step_id"] == "tint")

        for step_id, ending in (("tint", "mov"), ("dark", "mp4")):
            entry = (await person.http.post(f"/run/{first['run_id']}/artifacts/{step_id}")).json()
            assert entry["filename"].endswith(f"-{entry['cid'][-8:]}.{ending}")

        second = await person.run(recipe_yaml=RECIPE.format(cache="auto", angle=0.6), inputs=inputs)
        assert second["status"] == "completed", second["error"]
        assert told(second) == {"part": "cached", "soft": "cached", "tint": "cached", "dark": "completed"}
        assert second["passes_run"] == 1
        assert next(step["output_cid"] for step in second["steps"] if step["step_id"] == "tint") == kept
        provenance = (await person.http.get(f"/api/run/{second['run_id']}/provenance")).json()
        assert {step["step_id"]: step["output_cid"] for step in provenance["steps"]} == {
            "part": None, "soft": None, "tint": kept, "dark": second["output_cid"],
        }  # fmt: skip

    async with running_node(tmp_path / "other") as (_, person):
        inputs = {"clip": await person.upload(clip)}
        whole = await person.run(recipe_yaml=RECIPE.format(cache="auto", angle=0.6), inputs=inputs)
        assert told(whole) == {"part": "fused", "soft": "fused", "tint": "fused", "dark": "completed"}
        assert whole["output_cid"] == second["output_cid"]


async def test_a_kept_result_whose_blob_is_gone_is_computed_again(tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 40)
    async with running_node(tmp_path / "home") as (_, person):
        inputs = {"clip": await person.upload(clip)}
        first = await person.run(recipe_yaml=RECIPE.format(cache="keep", angle=0.5), inputs=inputs)
        kept = next(step["output_cid"] for step in first["steps"] if step["step_id"] == "tint")
        (blob,) = (tmp_path / "home").rglob(kept)
        blob.unlink()
        second = await person.run(recipe_yaml=RECIPE.format(cache="auto", angle=0.6), inputs=inputs)
        assert told(second) == {"part": "fused", "soft": "fused", "tint": "fused", "dark": "completed"}
