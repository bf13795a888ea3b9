"""The declaration of a step type: what it takes, what it can be told, and which code of a worker carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Carries = Literal["video", "audio", "media", "any", "analysis"]
"""What flows along an edge. ``media`` is a video with or without sound; a step that asks for ``audio`` takes the
sound of any medium that has one; a step that asks for ``video`` takes the picture of ``media``. ``any`` is picture,
sound or both: a step that takes it gives what its first input is."""


class Port(msgspec.Struct, frozen=True):
    """One input of a step type. A port with ``many`` is the last one and takes one or more."""

    name: str
    carries: Carries
    many: bool = False


class StepType(msgspec.Struct, frozen=True, kw_only=True):
    """A built-in step type. ``config`` is a frozen ``msgspec.Struct`` that forbids unknown fields.

    ``module`` is the dotted name of the module that carries the step out (in :mod:`artdagd.render.steps`), or that
    resolves it while planning (in :mod:`artdagd.plans`). Its bytes are part of the implementation's identity.
    """

    name: str
    version: str
    description: str
    ports: tuple[Port, ...]
    gives: Carries
    config: type[msgspec.Struct]
    module: str
    example: Mapping[str, Any] = {}
