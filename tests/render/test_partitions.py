"""Random recipes: however a plan is cut into passes, the output is the same, byte for byte.

Each is rendered in the passes of the rule, with every step stored, and with some steps stored at random. The output is
written lossless, so equal bytes are equal pixels and samples.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from planning import planned

from artdagd.delivery import Delivery
from artdagd.errors import InvalidRecipe
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import Plan
from artdagd.recipes.model import RecipeStep
from artdagd.render.engine import render_pass
from artdagd.steps.catalogue import Catalogue
from artdagd.work import RenderPass, RenderStep

CATALOGUE = Catalogue.of(Plugins.load())
RATE = [25, 1]
KINDS: list[tuple[str, int, dict]] = [
    *(("EFFECT", 1, {"effect": name}) for name in ("hue", "blur", "echo", "trails", "mirror", "grain", "rgb_shift")),
    ("SEGMENT", 1, {"start": 0.1, "duration": 0.2}),
    ("SPEED", 1, {"factor": 1.7}),
    ("SPEED", 1, {"factor": 0.6, "keep_pitch": False}),
    ("REVERSE", 1, {}),
    ("LOOP", 1, {"count": 2}),
    ("RETIME", 1, {"pieces": [[0.0, 0.2, 0.3, 0.0], [0.2, 0.4, 0.1, 0.3]], "fps": RATE}),
    ("RETIME", 1, {"pieces": [[0.0, 0.3, 0.0, 0.4]], "fps": [30, 1]}),
    ("RESIZE", 1, {"width": 64, "height": 48}),
    ("CROP", 1, {"w": 32, "h": 24}),
    ("TRANSFORM", 1, {"rotate": 10}),
    ("TEXT", 1, {"text": "Hi", "size": "30%", "fade": 0.2, "x": 2.5}),
    ("MUX", 2, {"length": "shortest"}),
    ("SEQUENCE", 2, {}),
    ("SEQUENCE", 2, {"transition": {"type": "crossfade", "duration": 0.08}}),
    ("LAYER", 2, {"opacity": 0.6, "width": 40}),
    ("LAYER", 2, {"start": 0.12, "after": "loop", "anchor": "top_left"}),
    ("BLEND", 2, {"mode": "screen"}),
    ("MASK", 2, {"invert": True}),
    ("CHROMA_KEY", 1, {"color": "#808080"}),
    ("AUDIO_FADE", 1, {"fade_in": 0.1, "fade_out": 0.05}),
    ("AUDIO_MIX", 2, {"gain": [0.0, -6.0], "delay": 0.03}),
    ("LOUDNESS", 1, {"target": -30.0}),
]


@st.composite
def recipes(draw: st.DrawFn) -> tuple[RecipeStep, ...]:
    """Up to seven steps, every one of which leads to the last."""
    made: list[RecipeStep] = []
    unused: set[str] = set()
    for number in range(draw(st.integers(2, 6))):
        kind, ports, config = draw(st.sampled_from(KINDS))
        # Steps rather than inputs, so that ways part and meet.
        names = [step.id for step in made] + (["clip", "other"] if len(made) < 3 else [])
        inputs = draw(st.lists(st.sampled_from(names), min_size=ports, max_size=ports))
        made.append(RecipeStep(f"s{number}", kind, tuple(inputs), config, False))
        unused = (unused | {made[-1].id}) - set(inputs)
    if len(unused) > 1:
        made.append(RecipeStep("out", "SEQUENCE", tuple(sorted(unused)), {}, False))
    return tuple(made)


@pytest.fixture
def media(clip) -> dict[str, Path]:
    return {
        "clip": clip("clip.mp4", 12, 25, (72, 48), samples=30_000, gop=5),
        "other": clip("other.mp4", 10, Fraction(30000, 1001), (48, 32), base=40, gop=4),
    }


def cut(steps: tuple[RecipeStep, ...], media: dict[str, Path], keep: set[str]) -> Plan:
    kept = tuple(msgspec.structs.replace(step, keep=step.id in keep) for step in steps)
    return planned(kept, media, Delivery(), CATALOGUE)


def rendered(made: Plan, media: dict[str, Path]) -> bytes:
    by_id = {step.step_id: step for step in made.steps}
    with TemporaryDirectory() as folder:
        paths = {name: str(path) for name, path in media.items()}
        for part in made.passes:
            steps = tuple(RenderStep(name, by_id[name].type, by_id[name].config, by_id[name].inputs)
                          for name in part.steps)  # fmt: skip
            result = Path(folder) / f"{part.steps[-1]}.mov"
            render_pass(RenderPass(steps, paths), result, CATALOGUE.effects, lambda fraction: None, lambda: False)
            paths[part.steps[-1]] = str(result)
        return Path(paths[made.output]).read_bytes()


def compare(steps: tuple[RecipeStep, ...], media: dict[str, Path], random: set[str]) -> None:
    try:
        by_rule = cut(steps, media, set())
    except InvalidRecipe:
        assume(False)
    names = {step.id for step in steps}
    whole = rendered(by_rule, media)
    event(f"{len(by_rule.passes)} passes of {len(by_rule.steps)} steps")
    assert rendered(cut(steps, media, names), media) == whole
    if random & names:
        assert rendered(cut(steps, media, random), media) == whole


keeps = st.sets(st.sampled_from([f"s{i}" for i in range(6)]), max_size=2)
loose = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=8, **loose)
@given(recipes(), keeps)
def test_passes_change_nothing(media: dict[str, Path], steps: tuple[RecipeStep, ...], random: set[str]) -> None:
    compare(steps, media, random)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(max_examples=100, **loose)
@given(recipes(), keeps)
def test_passes_change_nothing_in_many_recipes(
    media: dict[str, Path], steps: tuple[RecipeStep, ...], random: set[str]
) -> None:
    compare(steps, media, random)
