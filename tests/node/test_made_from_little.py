"""A still, a look and words become a film through the public door."""

from __future__ import annotations

from pathlib import Path

import av
from PIL import Image

RECIPE = """
name: card
inputs:
  photo: {type: image}
  look: {type: data}
steps:
  - {id: title, type: GENERATE, config: {pattern: gradient, width: 96, height: 64, duration: 0.4, sound: tone}}
  - {id: pan, type: IMAGE, inputs: [photo], config: {duration: 0.6, width: 96, height: 64, to: {zoom: 2}}}
  - {id: graded, type: LUT, inputs: [pan, look]}
  - {id: both, type: SEQUENCE, inputs: [title, graded]}
  - {id: out, type: TEXT, inputs: [both], config: {captions: [{start: 0, end: 0.4, text: Title}], size: 20}}
output: out
"""


async def test_a_film_from_a_still_a_look_and_words(node, tmp_path: Path) -> None:
    _, person = node
    Image.new("RGB", (300, 200), (200, 40, 40)).save(tmp_path / "photo.png")
    corners = [f"{b} {g} {r}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    (tmp_path / "swap.cube").write_text("\n".join(["LUT_3D_SIZE 2", *corners, ""]))
    photo, look = [await person.upload(tmp_path / name) for name in ("photo.png", "swap.cube")]
    run = await person.run(recipe_yaml=RECIPE, inputs={"photo": photo, "look": look})
    assert run["status"] == "completed", run["error"]
    with av.open(str(await person.save(run["output_cid"], tmp_path / "out.mp4"))) as film:
        assert len(film.streams.audio) == 1
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == 25
    red, _, blue = pictures[-1][32, 48].astype(int)
    assert blue > red + 100, "the look swaps red and blue"

    swapped = await person.run(recipe_yaml=RECIPE, inputs={"photo": look, "look": photo})
    assert swapped["status"] == "failed"
    said = swapped["error"]["detail"]
    assert "input photo must be image" in said or "input look must be data" in said
