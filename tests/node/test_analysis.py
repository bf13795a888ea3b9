"""What the bundled analyzers find reaches whoever asks for it, sound and pictures of one file both."""

from __future__ import annotations

from nodes import EXAMPLES

RECIPE = """
name: looked-at
version: "1.0"
inputs:
  clip: {type: video}
steps:
  - id: found
    type: ANALYZE
    inputs: [clip]
    config: {features: [beats, bands, loudness, silence, key, scenes, brightness]}
  - id: small
    type: RESIZE
    inputs: [clip]
    config: {width: 64}
  - id: short
    type: SEGMENT
    inputs: [small]
    config: {duration: 0.2}
  - id: out
    type: BEAT_SYNC
    inputs: [short, found]
    config: {mode: cut}
output: out
"""


async def test_features_of_sound_and_pictures_are_found_in_one_step(node) -> None:
    _, person = node
    clip = await person.upload(EXAMPLES / "media" / "bunny.mp4")
    run = await person.run(recipe_yaml=RECIPE, inputs={"clip": clip})
    assert run["status"] == "completed", run["error"]
    answer = await person.http.get(f"/api/run/{run['run_id']}/analysis")
    text = answer.text.replace(": ", ":").replace(", ", ",")
    for said in (
        *('"integrated":-34.0', '"silence":[]', '"low":{"hop":', '"tonic":'),
        *('"scenes":[]', '"brightness":{"hop":0.04,"values":[0.456,'),
    ):
        assert said in text
