"""Whether what flows along the edges of a plan fits the steps' ports."""

from __future__ import annotations

from collections.abc import Sequence

from artdagd.plans.faults import wrong_step
from artdagd.plans.shapes import Shape, no_picture, no_sound
from artdagd.steps.types import Carries, Port, fewest


def expand_ports(step_id: str, ports: Sequence[Port], count: int) -> tuple[Port, ...]:
    """The port of each of a step's ``count`` inputs; a last port with ``many`` takes what is left.

    Raises InvalidRecipe if the step takes another number of inputs.
    """
    many = bool(ports) and ports[-1].many
    if count == len(ports) and not many:
        return tuple(ports)
    least = fewest(ports)
    if count < least or (count > len(ports) and not many):
        names = f" ({', '.join(port.name for port in ports)})" if ports else ""
        problem = f"it has {count} inputs and takes {least}{' or more' if many else ''}{names}"
        raise wrong_step(step_id, "inputs", problem, "Name one recipe input or step for each.")
    return (*ports[:count], *(ports[-1] for _ in range(count - len(ports))))


def check_port(step_id: str, source: str, shape: Shape, carries: Carries) -> None:
    """Raise InvalidRecipe unless what ``source`` gives can go into a port that carries ``carries``."""
    if carries == "data" and not shape.is_data:
        problem = f"it needs data, and {source!r} is media"
        raise wrong_step(step_id, "inputs", problem, "Give it a file of text.")
    if carries != "data" and shape.is_data:
        problem = f"it needs media, and {source!r} is data"
        raise wrong_step(step_id, "inputs", problem, "Give it a video, a picture or music.")
    if carries == "audio" and not shape.has_audio:
        raise no_sound(step_id, source)
    if carries in ("video", "image") and not shape.has_picture:
        raise no_picture(step_id, source)
