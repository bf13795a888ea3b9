"""Planning: a recipe, its inputs' CIDs and facts, and the analyses become a plan. Pure; no I/O, no media."""

from artdagd.plans.document import check_plan, plan_bytes, plan_from_bytes, plan_id
from artdagd.plans.model import (
    Analysis,
    AnalysisRequest,
    AnalyzerRequest,
    Pass,
    Plan,
    PlannedStep,
)
from artdagd.plans.planner import analysis_requests, plan

__all__ = [
    "Analysis",
    "AnalysisRequest",
    "AnalyzerRequest",
    "Pass",
    "Plan",
    "PlannedStep",
    "analysis_requests",
    "check_plan",
    "plan",
    "plan_bytes",
    "plan_from_bytes",
    "plan_id",
]
