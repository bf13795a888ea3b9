"""Writes docs/steps.md, the reference of steps, effects and analyzers, from what the code declares.

Run it with ``make docs`` after a change to a step type, an effect or an analyzer; a test fails until it was run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import artdagd_analyzers
import artdagd_effects

from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.movable_schema import MOVING
from artdagd.steps.parameters import parameters
from docs import examples

PAGE = Path(__file__).with_name("steps.md")
TYPES = {"number": "number", "integer": "whole number", "string": "text", "boolean": "true or false", "array": "list"}
INTRODUCTION = """\
# Steps, effects and analyzers

Everything that a recipe can use with the bundled plugins. This page is written by `make docs` from the same
declarations that check your recipes; your own node tells what it has with `artdagctl plugins` and `GET /api/steps`.

**Takes** says what a step's inputs carry: *video* (a picture), *audio* (sound), *media* (a picture, with or without
sound), *any* (picture, sound or both: the result is of the same kind) or *analysis* (data). A parameter without a
default may be left out, unless it says *required*. In a recipe, a step looks like this:

```yaml
  - id: part                      # your name for it: letters, digits, _ and -
    type: SEGMENT                 # one of the step types below
    inputs: [video]               # recipe inputs or other steps, in order
    config: {start: 2, duration: 4}
    cache: keep                   # optional: store this step's result, so that a later run can start from it
```

A parameter marked ↝ may move with time: [moving parameters](guide.md#moving-parameters) tells what to write instead of
a number.

![Three moments of an example of each step and effect](images/gallery.jpg)

The picture is what `make gallery` makes of the examples on this page, and of your own effects once they are installed
here. In the examples, `clip` and `other` are recipe inputs of type video, `song` is one of type audio, `photo` of type
image, `look` of type data.
"""


def page() -> str:
    """The text of the page."""
    catalogue = Catalogue.of(Plugins.of(effects=artdagd_effects, analyzers=artdagd_analyzers))
    items = catalogue.describe()
    parts = [INTRODUCTION, "## Step types\n"]
    parts += [_step(item) for item in items if item["kind"] == "step"]
    parts.append(
        "## Effects\n\nUsed by a step of type `EFFECT`: `effect` names it, its parameters stand beside it. "
        "Its name in capitals is a step type too: `type: BLUR` with `config: {sigma: 8}` is `type: EFFECT` with "
        "`config: {effect: blur, sigma: 8}`.\n"
    )
    parts += [_effect(item) for item in items if item["kind"] == "effect"]
    parts.append("## Features that ANALYZE can find\n")
    parts.append(_features([item for item in items if item["kind"] == "analyzer"]))
    return "\n".join(parts)


def _step(item: dict[str, Any]) -> str:
    ports = ", ".join(map(_port, item["inputs"]))
    return "\n".join(
        [f"### {item['name']}\n", f"{item['description']}\n", f"Takes: {ports}.\n", *_table(item), *_example(item)]
    )


def _port(port: dict[str, Any]) -> str:
    many = f", {'one' if port['least'] else 'none'} or more" if port["many"] else ""
    return f"{port['name']} ({port['carries']}{many})"


def _effect(item: dict[str, Any]) -> str:
    return "\n".join([f"### {item['name']}\n", f"{item['description']}.\n", *_table(item), *_example(item)])


def _features(items: list[dict[str, Any]]) -> str:
    rows = [
        f"| `{name}` | {about.replace('|', chr(92) + '|')} | {item['name']} |"
        for item in items
        for name, about in sorted(item["features"].items())
    ]
    return "\n".join(["| feature | what it is | analyzer |", "| --- | --- | --- |", *rows, ""])


def _table(item: dict[str, Any]) -> Iterator[str]:
    schema = item["config_schema"]
    inner = dict(schema.get("$defs", {}))
    schema = inner.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema
    if not schema["properties"]:
        yield "No parameters.\n"
        return
    yield from _rows(schema)
    for name, part in inner.items():
        if f'"#/$defs/{name}"' in json.dumps(schema) and name != MOVING:
            yield f"{name}: {part.get('description', '')}\n"
            yield from _rows(part)


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    yield "| parameter | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for one in parameters(schema):
        default = "required" if one.required else _value(one.default)
        moves = " ↝" if one.moves else ""
        yield f"| `{one.name}` | {' or '.join(map(_kind, one.kinds))}{moves} | {default} | {one.meaning} |"
    yield ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "$ref" in schema:
        return f"mapping ({schema['$ref'].rpartition('/')[2]})"
    if isinstance(schema.get("items"), dict) and "$ref" in schema["items"]:
        return f"list of {_kind(schema['items'])}"
    word = TYPES[schema["type"]]
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        above = "more than " if "exclusiveMinimum" in schema else ""
        return f"{word}, {above}{low:g} to {high:g}"
    if low is not None:
        return f"{word}, {'more than' if 'exclusiveMinimum' in schema else 'at least'} {low:g}"
    return word


def _value(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"


def _example(item: dict[str, Any]) -> list[str]:
    made = examples.steps(item)
    return ["```yaml", "steps:", *examples.written(made), f"output: {made[-1]['id']}", "```", ""]


if __name__ == "__main__":
    PAGE.write_text(page())
