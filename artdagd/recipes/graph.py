"""The edges of a recipe: every name known, what flows fits, no cycle, nothing unused; and the steps in order."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from artdagd.recipes.document import Scalar
from artdagd.recipes.faults import Faults
from artdagd.recipes.model import RecipeInput
from artdagd.recipes.steps import WrittenStep
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.primitives.data import Analyze
from artdagd.steps.suggest import listed, quote, unknown
from artdagd.steps.types import Carries, Port, StepType, fewest

_LONGEST_PATH = 12

ANALYZED: tuple[str, ...] = Analyze().features
"""What an ANALYZE step looks for that doesn't say."""

PICTURES = ("video", "media", "image")
SILENT = ("image", "data")


class Graph:
    """The steps and inputs of one recipe. Each check adds what it finds to ``faults``."""

    def __init__(self, steps: list[WrittenStep], inputs: Mapping[str, RecipeInput], faults: Faults) -> None:
        self._steps = {step.id: step for step in steps}
        self._inputs = inputs
        self._faults = faults
        self._analyses = {step.id for step in steps if step.kind is not None and step.kind.gives == "analysis"}
        self._place = {step.id: index for index, step in enumerate(steps)}

    def check_names(self) -> None:
        """Every input of a step is a recipe input or a step, and no step takes the name of an input."""
        known = {*self._inputs, *self._steps}
        for step in self._steps.values():
            if step.id in self._inputs:
                self._faults.add(step.at, f"{step.loc}.id", f"the id {step.id!r} is the name of a recipe input")
            for index, name in enumerate(step.inputs):
                if name.text not in self._inputs and name.text not in self._steps and not self._faults.full:
                    self._faults.add(name, f"{step.loc}.inputs[{index}]", unknown("input", name.text, known))

    def check_flow(self, catalogue: Catalogue) -> None:
        """Every step has as many inputs as it takes, of the kind it takes."""
        for step in self._steps.values():
            if step.kind is not None and step.readable and self._check_count(step, step.kind):
                for index, name in enumerate(step.inputs):
                    port = step.kind.port(index)
                    msg = self._misfit(step, step.kind, name.text, port, catalogue)
                    if msg:
                        self._faults.add(name, f"{step.loc}.inputs[{index}]", msg)

    def check_follows(self) -> None:
        """What a parameter moves after is a feature that an ANALYZE step of the recipe looks for."""
        for step in self._steps.values():
            for one in step.follows:
                name, feature = one.bound.step_id, one.bound.feature
                if name in self._analyses:
                    features = self._steps[name].config.get("features", ANALYZED)
                    if isinstance(features, list | tuple) and feature not in features and not self._faults.full:
                        msg = f"{name!r} does not look for {feature!r}; add it to the features of {name!r}"
                        self._faults.add(one.key, one.loc, msg)
                elif name in self._steps or name in self._inputs:
                    msg = f"{quote(name)} is not an ANALYZE step; {listed(self._analyses)}"
                    self._faults.add(one.at, one.loc, msg)
                elif not self._faults.full:
                    self._faults.add(one.at, one.loc, unknown("ANALYZE step", name, self._analyses))

    def check_output(self, output: Scalar, loc: str) -> None:
        """The output is a step that makes media."""
        step = self._steps.get(output.text)
        if output.text in self._inputs:
            self._faults.add(output, loc, f"the output {output.text!r} is a recipe input; name a step")
        elif step is None:
            self._faults.add(output, loc, unknown("step", output.text, self._steps))
        elif step.kind is not None and step.kind.gives == "analysis":
            self._faults.add(output, loc, f"the output {output.text!r} gives data; name a step that makes media")

    def ordered(self) -> list[WrittenStep]:
        """The steps in topological order, among those ready at once in that of the text; faults for cycles."""
        waits = {step.id: self._sources(step) for step in self._steps.values()}
        users: dict[str, list[str]] = {}
        for id_, sources in waits.items():
            for source in sources:
                users.setdefault(source, []).append(id_)
        ready = [self._place[id_] for id_, sources in waits.items() if not sources]
        names = list(self._steps)
        ordered = []
        while ready:
            id_ = names[heapq.heappop(ready)]
            ordered.append(self._steps[id_])
            for user in users.get(id_, ()):
                waits[user].discard(id_)
                if not waits[user]:
                    heapq.heappush(ready, self._place[user])
        self._add_cycles({id_: sources for id_, sources in waits.items() if sources})
        return ordered

    def check_used(self, output: str) -> None:
        """Every step leads to the output."""
        used, pending = set(), [output]
        while pending:
            id_ = pending.pop()
            if id_ in self._steps and id_ not in used:
                used.add(id_)
                pending += self._named(self._steps[id_])
        if not used:
            return
        for step in self._steps.values():
            if step.id not in used:
                msg = f"step {step.id!r} is not used: nothing leads from it to the output {output!r}"
                self._faults.add(step.at, step.loc, msg)

    def _sources(self, step: WrittenStep) -> set[str]:
        return {name for name in self._named(step) if name in self._steps}

    def _named(self, step: WrittenStep) -> list[str]:
        follows = [one.bound.step_id for one in step.follows if one.bound.step_id in self._analyses]
        return [*(name.text for name in step.inputs), *follows]

    def _check_count(self, step: WrittenStep, kind: StepType) -> bool:
        ports, count = kind.ports, len(step.inputs)
        many = bool(ports) and ports[-1].many
        least = fewest(ports)
        if count == least or (many and count >= least):
            return True
        wanted = f"{least}{' or more' if many else ''} input{'' if least == 1 and not many else 's'}"
        names = f" ({', '.join(port.name for port in ports)})" if ports else ""
        self._faults.add(step.inputs_at, f"{step.loc}.inputs", f"{step.type} takes {wanted}{names}, got {count}")
        return False

    def _misfit(self, step: WrittenStep, kind: StepType, name: str, port: Port, catalogue: Catalogue) -> str | None:
        """What is wrong with ``name`` as the input ``port`` of ``step``, or None."""
        carries = self._given(name)
        if carries is None:
            return None
        if kind.gives == "analysis":
            return self._unfit_for_analysis(step, name, catalogue)
        if carries == port.carries or (port.carries == "any" and carries not in ("analysis", "data")):
            return None
        if port.carries in PICTURES and carries in PICTURES:
            return None
        # A video that someone uploads has sound as a rule; the picture that a step gives has none.
        if port.carries == "audio" and (carries == "media" or (name in self._inputs and carries not in SILENT)):
            return None
        hint = "; name an ANALYZE step" if port.carries == "analysis" else ""
        what = {"analysis": "data", "video": "a picture without sound"}.get(carries, carries)
        what = carries if name in self._inputs else what
        return f"{step.type} takes {port.carries} here, and {quote(name)} gives {what}{hint}"

    def _given(self, name: str) -> Carries | None:
        """What a recipe input or a step gives; None where that is not known, or nothing of that name is there."""
        seen = set[str]()
        while name in self._steps and name not in seen:
            seen.add(name)
            step = self._steps[name]
            if step.kind is None or step.kind.gives != "any":
                return None if step.kind is None else step.kind.gives
            if not step.inputs:
                return None
            name = step.inputs[0].text
        if name not in self._inputs:
            return None
        # A part of a video that someone uploads has sound as a rule.
        return "media" if seen and self._inputs[name].type == "video" else self._inputs[name].type

    def _unfit_for_analysis(self, step: WrittenStep, name: str, catalogue: Catalogue) -> str | None:
        if name not in self._inputs:
            return f"{step.id!r} can analyze a recipe input, and {quote(name)} is a step"
        features = step.config.get("features")
        for feature in features if isinstance(features, list) else ():
            if self._inputs[name].type == "audio" and feature in catalogue.features:
                analyzer = catalogue.analyzer_for(feature)
                if analyzer.needs == "video":
                    return f"the feature {feature!r} is found in a picture, and {quote(name)} gives audio"
        return None

    def _add_cycles(self, waits: Mapping[str, set[str]]) -> None:
        """A fault for each cycle among steps that wait for each other, by the path that the data would take."""
        seen: set[str] = set()
        for start in waits:
            path: dict[str, None] = {}
            id_ = start
            while id_ not in path and id_ not in seen:
                path[id_] = None
                id_ = min((source for source in waits[id_] if source in waits), key=self._place.__getitem__)
            if id_ not in seen:
                walked = list(path)
                self._add_cycle(walked[walked.index(id_) :][::-1])
            seen.update(path)

    def _add_cycle(self, cycle: list[str]) -> None:
        first = min(range(len(cycle)), key=lambda index: self._place[cycle[index]])
        cycle = [*cycle[first:], *cycle[: first + 1]]
        names = cycle if len(cycle) <= _LONGEST_PATH else [*cycle[: _LONGEST_PATH - 2], "…", *cycle[-1:]]
        step = self._steps[cycle[0]]
        self._faults.add(step.at, f"{step.loc}.inputs", f"a cycle: {' -> '.join(names)}")
