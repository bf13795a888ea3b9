"""Where a fault lies, in the words of a recipe."""

from __future__ import annotations

from artdagd.errors import Fault, InvalidRecipe


def at_step(step_id: str, part: str, msg: str) -> Fault:
    """A fault in a step: ``part`` is ``inputs``, ``config.start``, …"""
    return Fault(f"steps.{step_id}.{part}", msg)


def wrong_step(step_id: str, part: str, problem: str, advice: str) -> InvalidRecipe:
    """An error that says what is wrong with one step and what to do."""
    return InvalidRecipe(f"Step {step_id!r}: {problem}.", advice=advice, faults=[at_step(step_id, part, problem)])


def wrong_input(name: str, problem: str, advice: str) -> InvalidRecipe:
    """An error that says what is wrong with a recipe input and what to do."""
    return InvalidRecipe(f"Input {name!r}: {problem}.", advice=advice, faults=[Fault(f"inputs.{name}", problem)])


def wrong_output(part: str, problem: str, advice: str) -> InvalidRecipe:
    """An error that says what is wrong with how the output is delivered and what to do."""
    return InvalidRecipe(f"Output: {problem}.", advice=advice, faults=[Fault(f"output.{part}", problem)])
