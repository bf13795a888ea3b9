"""YAML text -> Recipe."""

from __future__ import annotations

import re

from artdagd.recipes.declarations import read_inputs, read_params
from artdagd.recipes.document import Entries, Scalar, read_document
from artdagd.recipes.faults import Faults
from artdagd.recipes.graph import Graph
from artdagd.recipes.model import Recipe, RecipeParam, RecipeStep
from artdagd.recipes.output import read_output
from artdagd.recipes.sections import Section, describe
from artdagd.recipes.steps import WrittenStep, read_steps
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.suggest import quote

_KEYS = ("name", "version", "description", "inputs", "params", "steps", "output")
# A name stands in paths of the API; a slash would end it there.
_NAME = re.compile(r"(?!\.{1,2}\Z)[^\s/\\]([^/\\\n\t]{0,126}[^\s/\\])?")


def parse_recipe(text: str | bytes, catalogue: Catalogue) -> Recipe:
    """The recipe in ``text`` (UTF-8), checked against what ``catalogue`` has.

    Raises InvalidRecipe, and no other error, whatever the text. Its faults are all that is wrong (at most
    ``faults.MOST``), in the order of the text, each with line, column, the offending text and the nearest valid name.
    """
    faults = Faults()
    root = read_document(text, faults)
    if not isinstance(root, Entries):
        faults.add(root, "", f"a recipe is a mapping with {', '.join(_KEYS)}; this is {describe(root)}")
        raise faults.error()
    top = Section(root, "", faults, _KEYS)
    name = _name(top)
    version, description = top.text("version", "1"), top.text("description")
    inputs, params = read_inputs(top), read_params(top)
    steps = read_steps(top, params, catalogue)
    output, delivery = read_output(top)
    graph = Graph(steps, inputs, faults)
    graph.check_names()
    graph.check_flow(catalogue)
    graph.check_follows()
    ordered = graph.ordered()
    if output is not None:
        graph.check_output(output, "output" if output is top.get("output") else "output.step")
        graph.check_used(output.text)
    if faults or output is None:
        raise faults.error()
    return Recipe(
        name=name,
        version=version,
        description=description,
        inputs=inputs,
        params={key: param for key, param in params.items() if isinstance(param, RecipeParam)},
        steps=tuple(_concluded(step) for step in ordered),
        output=output.text,
        delivery=delivery,
    )


def _name(top: Section) -> str:
    node = top.get("name")
    if node is None:
        top.missing("name", "what the recipe is called")
        return ""
    name = top.text("name")
    if isinstance(node, Scalar) and node.text == name and not _NAME.fullmatch(name):
        top.wrong("name", node, f"{quote(name)} is not a name: 1 to 128 characters on one line, without slashes")
    return name


def _concluded(step: WrittenStep) -> RecipeStep:
    assert step.kind is not None  # A step of unknown type is a fault.
    inputs = tuple(name.text for name in step.inputs)
    follows = tuple(dict.fromkeys(one.bound.step_id for one in step.follows))
    return RecipeStep(step.id, step.kind.name, inputs, step.config, step.keep, follows)
