"""Which code shapes a step's result: the identities that stand in its cache id."""

from __future__ import annotations

from artdagd.plans.faults import wrong_step
from artdagd.plans.model import ConcreteStep, PlannedStep
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.suggest import unknown
from artdagd.work import RenderStep


def identities(step: ConcreteStep | PlannedStep | RenderStep, catalogue: Catalogue) -> tuple[str, ...]:
    """The CIDs of the identities that shape a step's result, as they stand in its cache id: the step type's, and the
    effect's or the analyzers'. Raises InvalidRecipe if no analyzer gives a feature."""
    own = catalogue.identity("step", step.type).cid
    if step.type == "EFFECT":
        return own, catalogue.identity("effect", step.config["effect"]).cid
    if step.type == "ANALYZE":
        names = features_by_analyzer(step, catalogue)
        return own, *(catalogue.identity("analyzer", name).cid for name in names)
    return (own,)


def features_by_analyzer(
    step: ConcreteStep | PlannedStep | RenderStep, catalogue: Catalogue
) -> dict[str, tuple[str, ...]]:
    """Which analyzer gives which of an ANALYZE step's features; analyzers and features are sorted.

    Raises InvalidRecipe if no analyzer gives one of them.
    """
    shares: dict[str, list[str]] = {}
    for feature in sorted(set(step.config["features"])):
        try:
            analyzer = catalogue.analyzer_for(feature)
        except KeyError:
            problem = unknown("feature", feature, catalogue.features)
            advice = "Ask for a feature of an analyzer that is installed."
            raise wrong_step(step.step_id, "config.features", problem, advice) from None
        shares.setdefault(analyzer.name, []).append(feature)
    return {name: tuple(shares[name]) for name in sorted(shares)}
