"""A catalogue of a few effects and analyzers, and recipes and facts in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
import pytest

from artdagd.cid import cid_of_value
from artdagd.hooks import Analyzer, Effect, Filter, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import Analysis
from artdagd.recipes.model import Recipe, RecipeInput, RecipeStep
from artdagd.steps.catalogue import Catalogue
from artdagd.work import AudioFacts, Delivery, MediaFacts, VideoFacts


class Hue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    degrees: Annotated[float, msgspec.Meta(ge=-180, le=180)] = 90.0


class Blur(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sigma: float = 2.0


def build(config: Any, video: object) -> list[Filter]:
    return []


def analyze(request: object) -> dict[str, Any]:
    return {}


class Plugin:
    @hookimpl
    def artdag_effects(self) -> Iterable[Effect]:
        return [
            Effect(name="hue", version="1", description="Turn colours", config=Hue, build=build),
            Effect(name="blur", version="1", description="Soften", config=Blur, build=build),
        ]

    @hookimpl
    def artdag_analyzers(self) -> Iterable[Analyzer]:
        beats = {"beats": "times in s", "tempo": "beats a minute"}
        return [
            Analyzer(name="rhythm", version="1", description="Beats", features=beats, analyze=analyze),
            Analyzer(name="loudness", version="1", description="Energy", features={"energy": "0..1"}, analyze=analyze),
        ]


def make_recipe(*steps: tuple[Any, ...], output: str | None = None, **changes: Any) -> Recipe:
    """A recipe of (id, type, inputs, config?, keep?) with the inputs ``video``, ``clip`` and ``audio``."""
    made = tuple(
        RecipeStep(step_id, kind, tuple(inputs.split()), *(rest or ({},))) for step_id, kind, inputs, *rest in steps
    )
    fields: dict[str, Any] = {
        "name": "test",
        "version": "1.0",
        "description": "",
        "inputs": {"video": RecipeInput("video"), "clip": RecipeInput("video"), "audio": RecipeInput("audio")},
        "params": {},
        "steps": made,
        "output": output or made[-1].id,
        "delivery": Delivery(),
    }
    return Recipe(**(fields | changes))


VIDEO = MediaFacts(
    "video", "video/mp4", "mp4", 5.0,
    VideoFacts(640, 360, (25, 1), 5.0, "h264", "yuv420p"),
    AudioFacts(48000, 2, 240000, 5.0, "aac", "d1" * 32),
)  # fmt: skip
CLIP = MediaFacts("video", "video/mp4", "mp4", 2.0, VideoFacts(320, 240, (30000, 1001), 2.002, "h264", "yuv420p"))
SONG = MediaFacts("audio", "audio/ogg", "ogg", 10.0, None, AudioFacts(44100, 2, 441000, 10.0, "vorbis", "a5" * 32))


def bound(recipe: Recipe, **changes: Any) -> dict[str, Any]:
    """The arguments of ``plan`` for ``recipe``."""
    arguments: dict[str, Any] = {
        "recipe_id": cid_of_value("recipe"),
        "inputs": {name: cid_of_value(name) for name in recipe.inputs},
        "facts": {"video": VIDEO, "clip": CLIP, "audio": SONG},
        "params": {},
        "analyses": {
            step.id: Analysis(cid_of_value(["analysis", step.id]), {"beats": [2.5, 5.0, 7.25], "energy": []})
            for step in recipe.steps
            if step.type == "ANALYZE"
        },
    }
    return arguments | changes


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.of(sample=Plugin()))


@pytest.fixture(scope="session")
def recipe() -> Callable[..., Recipe]:
    return make_recipe


@pytest.fixture(scope="session")
def binding() -> Callable[..., dict[str, Any]]:
    return bound


@pytest.fixture(scope="session")
def beat_recipe() -> Recipe:
    """The seed's beat-sync recipe."""
    return make_recipe(
        ("analyze_audio", "ANALYZE", "audio", {"features": ["beats", "energy"]}),
        ("sync_video", "BEAT_SYNC", "video analyze_audio", {"mode": "stretch"}),
        inputs={"video": RecipeInput("video"), "audio": RecipeInput("audio")},
    )
