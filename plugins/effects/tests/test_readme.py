"""The README names every effect with every parameter, choice and default, and its example is a valid step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import artdagd_effects
import msgspec
import pytest
import yaml
from artdagd_effects import artdag_effects

from artdagd.hooks import Effect
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue

README = (Path(__file__).parents[1] / "README.md").read_text()
EFFECTS = {effect.name: effect for effect in artdag_effects()}
ROWS = {row[0]: row[2] for row in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", README, re.M)}


def test_the_table_has_a_row_for_each_effect() -> None:
    assert list(ROWS) == sorted(EFFECTS)


def said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("effect", [pytest.param(effect, id=name) for name, effect in EFFECTS.items()])
def test_a_row_names_each_parameter_with_its_default_and_range(effect: Effect) -> None:
    row = ROWS[effect.name]
    named = set(re.findall(r"`(\w+)`", row))
    fields = msgspec.structs.fields(effect.config)
    assert {field.name for field in fields} <= named
    for field in fields:
        metas = getattr(field.type, "__metadata__", ())
        base = get_args(field.type)[0] if metas else field.type
        numbers = [bound for meta in metas for bound in (meta.ge, meta.le) if bound is not None]
        choices = get_args(base) if get_origin(base) is Literal else ()
        for value in (field.default, *numbers, *choices):
            assert re.search(rf"(?<![\w.-]){re.escape(said(value))}(?![\w.])", row) or said(value) in row, (
                field.name,
                value,
            )


def test_the_example_is_a_valid_step() -> None:
    catalogue = Catalogue.of(Plugins.of(artdagd_effects))
    (text,) = re.findall(r"```yaml\n(.+?)```", README, re.S)
    for step in yaml.safe_load(text)["steps"]:
        assert catalogue.complaints(step["type"], step["config"]) == []
