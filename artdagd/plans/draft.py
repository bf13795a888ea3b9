"""A plan in the making: concrete steps are added one by one, in topological order, and each is checked as it comes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from artdagd.errors import InvalidRecipe
from artdagd.plans.faults import wrong_step
from artdagd.plans.identities import features_by_analyzer
from artdagd.plans.model import ConcreteStep
from artdagd.plans.ports import check_port, expand_ports
from artdagd.plans.rules import step_shape
from artdagd.plans.shapes import Shape, source_shape
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.config import refusal
from artdagd.steps.suggest import unknown
from artdagd.steps.types import StepType
from artdagd.work import MediaFacts


class Draft:
    """``steps`` are the concrete steps so far, their configs canonical; ``shapes`` are theirs and those of the recipe
    inputs that they read. ``facts`` are the probe's, by recipe input."""

    def __init__(self, catalogue: Catalogue, facts: Mapping[str, MediaFacts]) -> None:
        self.steps: list[ConcreteStep] = []
        self._catalogue = catalogue
        self._facts = facts
        self.shapes: dict[str, Shape] = {}
        self._ids: set[str] = set()

    def step_type(self, step_id: str, name: str) -> StepType:
        """The step type called ``name``; raises InvalidRecipe with the nearest one if there is none."""
        known = self._catalogue.step_types
        if name not in known:
            raise wrong_step(step_id, "type", unknown("step type", name, known), "Use a step type that is installed.")
        return known[name]

    def checked(self, step: ConcreteStep) -> ConcreteStep:
        """``step``, whose parameters may still follow an analysis. Raises InvalidRecipe if its config has a fault."""
        self.step_type(step.step_id, step.type)
        if found := self._catalogue.complaints(step.type, step.config):
            raise self._refused(step, refusal(found))
        return step

    def canonical(self, step: ConcreteStep) -> ConcreteStep:
        """``step`` with every default of its config filled in. Raises InvalidRecipe."""
        self.step_type(step.step_id, step.type)
        try:
            _, config = self._catalogue.config(step.type, step.config)
        except InvalidRecipe as error:
            raise self._refused(step, error) from None
        return msgspec.structs.replace(step, config=config)

    @staticmethod
    def _refused(step: ConcreteStep, error: InvalidRecipe) -> InvalidRecipe:
        faults = [msgspec.structs.replace(fault, loc=f"steps.{step.step_id}.{fault.loc}") for fault in error.faults]
        detail = f"Step {step.step_id!r}: {error.detail}"
        return InvalidRecipe(detail, advice=error.advice or "Correct its config.", faults=faults)

    def shape(self, step_id: str, name: str) -> Shape:
        """The shape of what ``name``, a recipe input or an earlier step, gives to ``step_id``."""
        if name not in self.shapes:
            if name not in self._facts:
                what = (
                    "an analysis" if name in self._ids else "neither a recipe input that is bound nor an earlier step"
                )
                raise wrong_step(step_id, "inputs", f"{name!r} is {what}", "Name a step or an input that gives media.")
            self.shapes[name] = source_shape(name, self._facts[name])
        return self.shapes[name]

    def result(self, step: ConcreteStep) -> Shape:
        """The shape that ``step``, which is canonical, gives. Raises InvalidRecipe, as ``add`` does."""
        ports = expand_ports(step.step_id, self._catalogue.step_types[step.type].ports, len(step.inputs))
        shapes = [self.shape(step.step_id, name) for name in step.inputs]
        for name, shape, port in zip(step.inputs, shapes, ports, strict=True):
            check_port(step.step_id, name, shape, port.carries)
        return step_shape(step, shapes)

    def add(self, step: ConcreteStep) -> None:
        """Make ``step`` canonical, check its inputs against its ports, and find its shape.

        Raises InvalidRecipe that names the step, what is wrong, and the remedy.
        """
        if step.step_id in self._ids or step.step_id in self._facts:
            problem = "its id is taken: BEAT_SYNC steps make steps called ID.retime and ID.resize"
            raise wrong_step(step.step_id, "id", problem, "Give it another id.")
        step = self.canonical(step)
        if step.type == "ANALYZE":
            self._check_analyze(step)
        else:
            self.shapes[step.step_id] = self.result(step)
        self._ids.add(step.step_id)
        self.steps.append(step)

    def _check_analyze(self, step: ConcreteStep) -> None:
        if len(step.inputs) != 1 or step.inputs[0] not in self._facts:
            raise wrong_step(
                step.step_id, "inputs", "ANALYZE takes one recipe input", "Analyze an input of the recipe."
            )
        shape = self.shape(step.step_id, step.inputs[0])
        for name in features_by_analyzer(step, self._catalogue):
            check_port(step.step_id, step.inputs[0], shape, self._catalogue.analyzers[name].needs)
