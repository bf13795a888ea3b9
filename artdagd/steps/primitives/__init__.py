"""The built-in step types: their parameters with units, ranges and defaults. A module for each family."""

from __future__ import annotations

from artdagd.steps.primitives import (
    compositing,
    data,
    geometry,
    grading,
    making,
    picture,
    scopes,
    sound,
    text,
    time,
)
from artdagd.steps.types import StepType

STEP_TYPES: tuple[StepType, ...] = (
    *time.STEP_TYPES,
    *picture.STEP_TYPES,
    *geometry.STEP_TYPES,
    *grading.STEP_TYPES,
    *making.STEP_TYPES,
    *text.STEP_TYPES,
    *compositing.STEP_TYPES,
    *sound.STEP_TYPES,
    *scopes.STEP_TYPES,
    *data.STEP_TYPES,
)
