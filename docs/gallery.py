"""What ``make gallery`` does: a short clip of every step type and effect that is installed, and a contact sheet.

The clips are the examples of the reference, rendered by a node from the media in ``examples/``: so a second gallery
renders only what changed. They are kept under ``ARTDAG_HOME``; the sheet shows three moments of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFont

from docs import examples
from examples.demo import BIN, EXAMPLES, start, stop

SMALL = "{type: RESIZE, inputs: [part], config: {width: 480, height: 270}"
MADE = {
    "clip": f"""\
name: clip
inputs: {{film: {{type: video}}}}
steps:
  - {{id: part, type: SEGMENT, inputs: [film], config: {{start: 0.5, duration: 4}}}}
  - {{id: out, {SMALL[1:]}}}
output: out
""",
    "other": f"""\
name: other
inputs: {{film: {{type: video}}}}
steps:
  - {{id: turned, type: EFFECT, inputs: [film], config: {{effect: hue, degrees: 150}}}}
  - {{id: mirrored, type: EFFECT, inputs: [turned], config: {{effect: flip}}}}
  - {{id: part, type: SEGMENT, inputs: [mirrored], config: {{start: 1, duration: 3}}}}
  - {{id: out, {SMALL[1:]}}}
output: out
""",
    "song": """\
name: song
inputs: {music: {type: audio}}
steps:
  - {id: out, type: SEGMENT, inputs: [music], config: {start: 10, duration: 5}}
output: out
""",
}
"""The recipes of what the examples' inputs are bound to."""

MOMENTS = (0.2, 0.5, 0.8)
TILE = (240, 135)
COLUMNS = 2
LABEL = 18


def main() -> int:
    home = Path(os.environ.get("ARTDAG_HOME", ".gallery")).absolute()
    node, environment = start(home)
    try:
        gallery = Gallery(home, environment)
        media = gallery.media()
        clips, failed = {}, []
        for item in gallery.items():
            made = gallery.render(item["name"], examples.recipe(item), media)
            if made is None:
                failed.append(item["name"])
            else:
                clips[item["name"]] = made
    finally:
        stop(node)
    sheet(clips).save(home / "sheet.png")
    print(f"{len(clips)} clips in {home}, the contact sheet is {home / 'sheet.png'}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


class Gallery:
    """What a node renders for the gallery, through ``artdagctl``."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._home = home
        self._environment = environment

    def items(self) -> list[dict[str, Any]]:
        """The step types and effects that the node has."""
        found = json.loads(self._control("steps", "--json"))
        return [item for item in found["items"] if item["kind"] != "analyzer"]

    def media(self) -> dict[str, Path]:
        """Files for the inputs of the examples."""
        sources = {"film": EXAMPLES / "media" / "bunny.mp4", "music": EXAMPLES / "media" / "music.ogg"}
        found = {}
        for name, recipe in MADE.items():
            made = self.render(name, recipe, sources)
            if made is None:
                sys.exit(f"{name} could not be made")
            found[name] = made
        found["photo"] = self._home / "photo.png"
        moment(sources["film"], 0.6).save(found["photo"])
        found["look"] = self._home / "look.cube"
        found["look"].write_text(warm())
        return found

    def render(self, name: str, recipe: str, media: dict[str, Path]) -> Path | None:
        """The clip that a recipe gives, or None, and why on standard error."""
        text, output = self._home / f"{name}.yaml", self._home / f"{name}.mp4"
        text.write_text(recipe)
        inputs = [f"--input={key}={path}" for key, path in media.items() if f"{key}: {{type:" in recipe]
        done = self._run("run", str(text), *inputs, "--output", str(output))
        if done.returncode == 0:
            print(f"  {name}", flush=True)
            return output
        print(f"  {name}: {done.stderr}{done.stdout}", file=sys.stderr, flush=True)
        return None

    def _control(self, *arguments: str) -> str:
        done = self._run(*arguments)
        done.check_returncode()
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "artdagctl"), *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


def warm() -> str:
    """A look that warms the lights and cools the shadows, as a .cube file."""
    size = 9
    lines = [f"LUT_3D_SIZE {size}"]
    for blue in range(size):
        for green in range(size):
            for red in range(size):
                r, g, b = (value / (size - 1) for value in (red, green, blue))
                lines.append(f"{min(1, r**0.85):.4f} {g:.4f} {0.15 + 0.7 * b:.4f}")
    return "\n".join([*lines, ""])


def moment(path: Path, share: float) -> Image.Image:
    """The picture of a clip at a share of its length."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        wanted = int(share * max(1, stream.frames - 1))
        picture = None
        for number, frame in enumerate(file.decode(stream)):
            picture = frame
            if number == wanted:
                break
        return picture.to_image() if picture else Image.new("RGB", TILE)


def sheet(clips: dict[str, Path]) -> Image.Image:
    """All clips, a row of moments each, with their names."""
    width, height = TILE[0] * len(MOMENTS), TILE[1] + LABEL
    rows = -(-len(clips) // COLUMNS)
    picture = Image.new("RGB", (COLUMNS * (width + 8), rows * (height + 6)), "#202020")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for number, (name, path) in enumerate(clips.items()):
        x, y = number % COLUMNS * (width + 8), number // COLUMNS * (height + 6)
        draw.text((x + 4, y), name, fill="white", font=font)
        for place, share in enumerate(MOMENTS):
            tile = moment(path, share)
            tile.thumbnail(TILE)
            picture.paste(tile, (x + place * TILE[0], y + LABEL))
    return picture


if __name__ == "__main__":
    sys.exit(main())
