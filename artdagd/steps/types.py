"""The declaration of a step type: what it takes, what it can be told, and which code of a worker carries it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from artdagd.steps.windows import Window

Carries = Literal["video", "audio", "media", "any", "image", "data", "analysis"]
"""What flows along an edge. ``media`` is a video with or without sound; a step that asks for ``audio`` takes the
sound of any medium that has one; a step that asks for ``video`` takes the picture of ``media``. ``any`` is picture,
sound or both: a step that takes it gives what its first input is. ``image`` is a still, which may also stand wherever a
picture may; a step that asks for one takes the first picture of any video. ``data`` is a file of text."""


Access = Literal["frame", "part", "forward", "random"]
"""How a step reads its inputs, by which planning decides what is worth keeping; no pixel depends on it. ``frame``: its
frame i is made from frame i of each input; ``part``: it reads as many frames as it gives, where they are; ``forward``:
every frame once, in order; ``random``: it goes back, or wants the whole input before it gives a frame."""


class Port(msgspec.Struct, frozen=True):
    """One input of a step type. A port with ``many`` is the last one and takes ``least`` or more.

    A port that carries ``audio`` takes the sound from its first sample on, whatever picture it stood beside; the others
    take picture and sound in sync.
    """

    name: str
    carries: Carries
    many: bool = False
    least: Literal[0, 1] = 1


def fewest(ports: Sequence[Port]) -> int:
    """The smallest number of inputs that a step with these ``ports`` takes."""
    return sum(port.least if port.many else 1 for port in ports)


class StepType(msgspec.Struct, frozen=True, kw_only=True):
    """A built-in step type. ``config`` is a frozen ``msgspec.Struct`` that forbids unknown fields.

    ``module`` is the dotted name of the module that carries the step out (in :mod:`artdagd.render.steps`), or that
    resolves it while planning (in :mod:`artdagd.plans`). Its bytes are part of the implementation's identity.
    ``moving`` names the fields of ``config``, all numbers, that may move: a curve may then stand in their place
    (:mod:`artdagd.steps.curves`). No rule of shapes reads them.
    ``cost`` is nanoseconds of one core for a pixel of the result, decoding and encoding aside; 0 for a step that only
    chooses what is shown when. ``access`` says how it reads. Neither is part of the identity.
    """

    name: str
    version: str
    description: str
    ports: tuple[Port, ...]
    gives: Carries
    config: type[msgspec.Struct]
    module: str
    example: Mapping[str, Any] = {}
    moving: tuple[str, ...] = ()
    cost: float = 2.0
    access: Access = "forward"
    window: Window | None = None
    keeps_sound: bool = False

    def port(self, number: int) -> Port:
        """The port that takes input ``number``, counted from 0."""
        return self.ports[min(number, len(self.ports) - 1)]

    def data(self, inputs: Sequence[str]) -> list[str]:
        """Those of a step's inputs that are no media."""
        if all(port.carries != "data" for port in self.ports):
            return []
        return [name for number, name in enumerate(inputs) if self.port(number).carries == "data"]
