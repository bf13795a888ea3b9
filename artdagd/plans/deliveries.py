"""Whether an output can be delivered as is asked: what the recipe alone can't tell, for want of the output's shape."""

from __future__ import annotations

from fractions import Fraction

from artdagd.delivery import FORMATS, Delivery, problems
from artdagd.plans.faults import wrong_output
from artdagd.plans.shapes import Shape
from artdagd.steps.sizes import sized

GIF_RATE = 50
"""Frames a second: a GIF counts in hundredths of a second, and browsers show what is shorter than two too slowly."""

SIDES = {"webp": (2, 16_382), "av1": (64, 8_704), "gif": (2, 4_096)}
"""Least and most pixels of a side, where an encoder (or, for GIF, reason) has other limits than a step."""


def check_delivery(delivery: Delivery, step_id: str, shape: Shape) -> None:
    """Raise InvalidRecipe unless what ``step_id`` gives, of this shape, can become the file that is asked for."""
    for field, problem in problems(delivery):
        raise wrong_output(field, f"{field}: {problem}", "Plan the recipe anew.")
    kind = FORMATS[delivery.format]
    if not kind.video and not shape.has_audio:
        problem = f"{delivery.format} holds sound alone, and {step_id!r} gives none"
        raise wrong_output("format", problem, "Ask for mp4, or give the output a sound with MUX.")
    if not kind.audio and not shape.has_picture:
        problem = f"{delivery.format} holds pictures, and {step_id!r} gives none"
        raise wrong_output("format", problem, "Ask for m4a, mp3, flac, wav or ogg.")
    if not kind.video or not shape.has_picture:
        return
    width, height = sized(shape.width, shape.height, delivery.width, delivery.height, delivery.fit)
    least, most = SIDES.get(delivery.video_codec or "", (2, 16_384))
    if not least <= min(width, height) <= max(width, height) <= most:
        problem = f"the picture would be {width}x{height}, and {delivery.video_codec} takes {least} to {most} a side"
        raise wrong_output("width", problem, "Give width and height that fit.")
    fps = Fraction(*(delivery.fps or shape.fps))
    if delivery.format == "gif" and fps > GIF_RATE:
        problem = f"it has {float(fps):g} frames a second, and a GIF has at most {GIF_RATE}"
        raise wrong_output("fps", problem, "Give fps, 25 for instance.")
