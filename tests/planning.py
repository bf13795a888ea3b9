"""Plans of steps that a test drew, on files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from artdagd.cid import cid_of_value
from artdagd.delivery import Delivery
from artdagd.plans.model import Plan
from artdagd.plans.planner import plan
from artdagd.recipes.model import Recipe, RecipeInput, RecipeStep
from artdagd.render.reading.probe import probe
from artdagd.steps.catalogue import Catalogue


def planned(steps: tuple[RecipeStep, ...], media: Mapping[str, Path], delivery: Delivery, catalogue: Catalogue) -> Plan:
    """The plan of ``steps``, the last of which is the output. ``media`` are videos by the names under which steps read
    them; those that none reads are left out. Raises InvalidRecipe."""
    used = {name for name in media if any(name in step.inputs for step in steps)}
    recipe = Recipe(
        name="test",
        version="1",
        description="",
        inputs={name: RecipeInput("video") for name in sorted(used)},
        params={},
        steps=steps,
        output=steps[-1].id,
        delivery=delivery,
    )
    return plan(
        recipe,
        recipe_id=cid_of_value("recipe"),
        inputs={name: cid_of_value(name) for name in used},
        facts={name: probe(media[name]) for name in used},
        params={},
        analyses={},
        catalogue=catalogue,
    )
