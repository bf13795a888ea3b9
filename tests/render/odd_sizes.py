"""Renders pictures of odd sides in many ways, and says what each result's bytes are: a program for test_memory.py."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import av
from usual import usual

from artdagd.delivery import FORMATS, Delivery
from artdagd.errors import StepFailed
from artdagd.hooks.manager import Plugins
from artdagd.render.engine import render_pass
from artdagd.steps.catalogue import Catalogue
from artdagd.work import RenderPass, RenderStep

STEPS = [
    ("RESIZE", {"width": 47, "height": 31}),
    ("CROP", {"w": 31, "h": 15, "x": 1, "y": 1}),
    ("TRANSFORM", {"rotate": 20}),
    ("TEXT", {"text": "Hi", "size": "40%"}),
    ("CHROMA_KEY", {"color": "#00ff00"}),
]


def deliveries() -> list[Delivery]:
    formats = ((name, next(iter(format.video), None)) for name, format in FORMATS.items())
    return [usual(name, video, None) for name, video in formats if video not in (None, "av1")]


def main(folder: Path, out: Path) -> None:
    plugins = Plugins.load()
    catalogue, effects = Catalogue.of(plugins), plugins.effects
    steps = [(kind, catalogue.config(kind, config)[1]) for kind, config in STEPS]
    shown = [("EFFECT", {"effect": name, **effect.example}) for name, effect in effects.items()]
    clips = sorted(folder.iterdir())
    jobs = [(clip, kind, config, None) for clip in clips for kind, config in steps]
    jobs += [(clips[-1], kind, config, None) for kind, config in shown]
    jobs += [(clip, *steps[0], delivery) for clip in clips for delivery in deliveries()]
    found = {"fresh memory": bytes(av.VideoFrame(33, 17, "gray").planes[0]).hex()}
    for clip, kind, config, delivery in jobs:
        work = RenderPass((RenderStep("out", kind, config, ("clip",)),), {"clip": str(clip)}, delivery)
        try:
            render_pass(work, out, effects, lambda done: None, lambda: False)
        except StepFailed as error:
            sys.exit(f"{clip.name} {kind} {config} {delivery}: {error}")
        name = f"{clip.name} {kind} {json.dumps(config)} {delivery and delivery.format}"
        found[name] = hashlib.sha256(out.read_bytes()).hexdigest()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
