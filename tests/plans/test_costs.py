"""What planning takes a step to cost, where its config decides that."""

from __future__ import annotations

import pytest

from artdagd.hooks.manager import Plugins
from artdagd.plans.costs import works
from artdagd.plans.model import ConcreteStep
from artdagd.plans.shapes import Shape
from artdagd.steps.catalogue import Catalogue

CATALOGUE = Catalogue.of(Plugins.load())
MOVING = {"keyframes": [[0.0, 0.0, "linear"], [1.0, 9.0, "linear"]]}


@pytest.mark.parametrize(
    ("kind", "cheap", "dear"),
    [
        ("CROP", {"x": 20.0, "y": None}, {"x": 20.5, "y": 4.0}),
        ("CROP", {"x": 20.0, "y": 2.0}, {"x": MOVING, "y": 2.0}),
        ("TRANSFORM", {"flip": "both"}, {"scale": 0.5}),
        ("TRANSFORM", {"x": MOVING}, {"rotate": MOVING}),
    ],
)
def test_whole_pixels_cost_less_than_those_between(kind, cheap, dear) -> None:
    shape = Shape(1.0, (25, 1), 160, 90, None)
    found = [
        works([ConcreteStep("s", "s", kind, config, (), False)], {"s": shape}, CATALOGUE) for config in (cheap, dear)
    ]
    assert found[0]["s"].cost * 2 < found[1]["s"].cost
