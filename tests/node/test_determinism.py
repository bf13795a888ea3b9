"""One recipe, one CID: whatever its passes, the number of workers, the node, and whether anything was there before."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import click_track, numbered_clip
from nodes import running_node

RECIPES = {
    "branches": """
  - {id: first, type: SEGMENT, inputs: [clip], config: {start: 0.1, duration: 0.8}, cache: KEEP1}
  - {id: tint, type: EFFECT, inputs: [first], config: {effect: hue, degrees: 120}, cache: KEEP2}
  - {id: soft, type: EFFECT, inputs: [tint], config: {effect: blur, sigma: 2}, cache: KEEP1}
  - {id: trail, type: EFFECT, inputs: [tint], config: {effect: trails}, cache: KEEP2}
  - {id: back, type: REVERSE, inputs: [trail]}
  - {id: join, type: SEQUENCE, inputs: [soft, back, first], config: {transition: {type: crossfade, duration: 0.2}}, cache: KEEP1}
  - {id: fast, type: SPEED, inputs: [join], config: {factor: 1.3}, cache: KEEP2}
  - {id: out, type: MUX, inputs: [fast, song], config: {length: video}}
""",  # noqa: E501
    "layers": """
  - {id: look, type: EFFECT, inputs: [clip], config: {effect: hue, degrees: 60}, cache: KEEP1}
  - {id: dream, type: EFFECT, inputs: [look], config: {effect: blur, sigma: 3}, cache: KEEP2}
  - {id: glow, type: BLEND, inputs: [look, dream], config: {mode: screen, opacity: 0.5}, cache: KEEP1}
  - {id: keyed, type: CHROMA_KEY, inputs: [look], config: {color: "#ffffff"}, cache: KEEP2}
  - {id: over, type: LAYER, inputs: [glow, keyed], config: {width: 50, unit: percent, opacity: 0.7, start: 0.2}, cache: KEEP1}
  - {id: out, type: MUX, inputs: [over, song], config: {length: video}}
""",  # noqa: E501
    "moving": """
  - {id: turned, type: EFFECT, inputs: [clip], config: {effect: hue, degrees: {keyframes: [[0, 0], [1, 180, in_out]]}}, cache: KEEP1}
  - {id: struck, type: EFFECT, inputs: [turned], config: {effect: blur, sigma: {keyframes: [[0, 0], [0.5, 6, hold]]}}, cache: KEEP2}
  - {id: loop, type: LOOP, inputs: [struck], config: {count: 2}, cache: KEEP1}
  - {id: heard, type: AUDIO_MIX, inputs: [loop, song], config: {gain: [0.0, -6.0], length: first}, cache: KEEP2}
  - {id: out, type: RESIZE, inputs: [heard], config: {width: 160}}
""",  # noqa: E501
}
KEPT = {
    "the rule's": ("auto", "auto"),
    "every step": ("keep", "keep"),
    "odd": ("keep", "auto"),
    "even": ("auto", "keep"),
}


def text(name: str, kept: str) -> str:
    one, two = KEPT[kept]
    steps = RECIPES[name].replace("KEEP1", one).replace("KEEP2", two)
    return f"name: {name}\ninputs:\n  clip: {{type: video}}\n  song: {{type: audio}}\nsteps:{steps}output: out\n"


async def outputs(home: Path, workers: int, kept: str, media: list[Path]) -> dict[str, str]:
    """The CID of each recipe from a new node; asked twice, the second time of the cache."""
    async with running_node(home, workers=workers) as (_, person):
        clip, song = [await person.upload(path) for path in media]
        found = {}
        for name in RECIPES:
            body = {"recipe_yaml": text(name, kept), "inputs": {"clip": clip, "song": song}}
            cold = await person.run(**body)
            assert cold["status"] == "completed", cold["error"]
            warm = await person.run(**body)
            assert warm["passes_run"] == 0
            assert warm["output_cid"] == cold["output_cid"]
            found[name] = cold["output_cid"]
    return found


@pytest.fixture
def media(tmp_path: Path) -> list[Path]:
    return [numbered_clip(tmp_path / "clip.mp4", 25), click_track(tmp_path / "song.flac", [0.25, 0.75, 1.25], 2.0)]


async def test_two_nodes_with_other_passes_and_workers_agree(tmp_path: Path, media: list[Path]):
    one = await outputs(tmp_path / "one", 1, "every step", media)
    assert await outputs(tmp_path / "two", 2, "the rule's", media) == one


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_all_passes_and_worker_counts_agree(tmp_path: Path, media: list[Path]):
    found = [
        await outputs(tmp_path / f"{workers}{number}", workers, kept, media)
        for workers in (1, 2, 4)
        for number, kept in enumerate(KEPT)
    ]
    assert all(each == found[0] for each in found)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", RECIPES)
async def test_a_node_that_knows_parts_agrees(tmp_path: Path, media: list[Path], name: str):
    """Half warm: the intermediates of one partition are there when the recipe is delivered in another way."""
    found = set()
    for number, kept in enumerate(KEPT):
        async with running_node(tmp_path / f"{number}", workers=2) as (_, person):
            clip, song = [await person.upload(path) for path in media]
            inputs = {"clip": clip, "song": song}
            other = text(name, kept).replace("output: out", "output: {step: out, crf: 30}")
            assert (await person.run(recipe_yaml=other, inputs=inputs))["status"] == "completed"
            run = await person.run(recipe_yaml=text(name, "the rule's"), inputs=inputs)
            assert run["status"] == "completed", run["error"]
            assert run["passes_run"] >= 1
            found.add(run["output_cid"])
    assert len(found) == 1
