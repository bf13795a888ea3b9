"""Which steps run together: the partition of a plan's computed steps into passes.

The rule. A step's result is stored, and so ends a pass, if and only if

1. the step is the plan's output; or
2. the recipe says ``cache: keep`` for it; or
3. it is used more than once: by several steps, or twice by one; or
4. the step that uses it is a RETIME whose map goes back in source time. A map that only goes forward can be served
   while the source streams by; one that goes back needs a file in which it can seek.

Every other step is used exactly once and is fused into the pass of the step that uses it. So each pass is a tree with
the stored step as its root: a chain, or several branches that meet in a SEQUENCE or a MUX. What a pass reads are recipe
inputs and roots of other passes, nothing else. A recipe input is a file already and belongs to no pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from artdagd.plans.model import ConcreteStep


def levels(steps: Sequence[ConcreteStep]) -> dict[str, int]:
    """The level of each step, from ``steps`` in topological order: the longest path from the inputs.

    ANALYZE steps are phase 1 and all stand on level 0; if there are any, the steps that are computed start on level 1,
    else on 0.
    """
    base = int(any(step.type == "ANALYZE" for step in steps))
    found: dict[str, int] = {}
    for step in steps:
        below = [found[name] + 1 for name in step.inputs if name in found]
        found[step.step_id] = 0 if step.type == "ANALYZE" else max(below, default=base)
    return found


def partition(steps: Sequence[ConcreteStep], output: str) -> tuple[tuple[str, ...], ...]:
    """The passes, each a tuple of step ids whose last is what the pass stores.

    ``steps`` are those that are computed (no ANALYZE), in topological order. Passes and the steps in them come out in
    that order, so a pass follows those whose results it reads.
    """
    uses = Counter(name for step in steps for name in step.inputs)
    random_access = {step.inputs[0] for step in steps if step.type == "RETIME" and goes_back(step)}
    stored = [
        step.step_id
        for step in steps
        if step.step_id == output or step.keep or uses[step.step_id] != 1 or step.step_id in random_access
    ]
    root = {step_id: step_id for step_id in stored}
    for step in reversed(steps):
        for name in step.inputs:
            root.setdefault(name, root[step.step_id])
    members: dict[str, list[str]] = {step_id: [] for step_id in stored}
    for step in steps:
        members[root[step.step_id]].append(step.step_id)
    return tuple(tuple(ids) for ids in members.values())


def goes_back(retime: ConcreteStep) -> bool:
    """Whether the time map of a RETIME shows something earlier than what it showed before."""
    last = 0.0
    for _, _, begin, end in _pieces(retime.config):
        if begin < last or end < begin:
            return True
        last = end
    return False


def _pieces(config: Mapping[str, object]) -> Sequence[tuple[float, float, float, float]]:
    pieces = config["pieces"]
    assert isinstance(pieces, list | tuple)
    return pieces
