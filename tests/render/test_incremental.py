"""Random recipes and random edits: what is made in parts looks and sounds as what is made in one piece, and a part that
an edit leaves in place has the bytes that it would get if it were made anew."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import av
import msgspec
import numpy
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from pixels import plane, psnr
from planning import planned

from artdagd.delivery import Delivery
from artdagd.errors import InvalidRecipe
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import Pass, Plan
from artdagd.plans.parts import SOUND, Parts
from artdagd.recipes.model import RecipeStep
from artdagd.render.engine import render_pass
from artdagd.render.reading.shelf import Shelf
from artdagd.render.reading.sound import decode
from artdagd.render.reading.source import open_source
from artdagd.steps.catalogue import Catalogue
from artdagd.work import RenderPass, RenderStep

CATALOGUE = Catalogue.of(Plugins.load())
RATE = 6
"""Frames a second: few, so that little is drawn in many seconds."""

MOVES = {"values": [0.0, 90.0, 20.0, 350.0], "hop": 2.0}
ONE: list[tuple[str, dict]] = [
    ("EFFECT", {"effect": "hue", "degrees": 40}),
    ("EFFECT", {"effect": "hue", "degrees": MOVES}),
    ("EFFECT", {"effect": "blur", "sigma": {"pulses": [1.0, 6.5], "rest": 0, "peak": 3}}),
    ("EFFECT", {"effect": "strobe"}),
    ("EFFECT", {"effect": "mirror"}),
    ("SEGMENT", {"start": 0.5, "duration": 8.5}),
    ("SEGMENT", {"start": 2.0, "duration": 5.0}),
    ("SEGMENT", {"start": 0.0, "duration": 4.5}),
    ("SPEED", {"factor": 0.6}),
    ("LOOP", {"count": 2}),
    ("LOOP", {"duration": 9.3}),
    ("REVERSE", {}),
    ("RETIME", {"pieces": [[0.0, 3.0, 3.0, 0.0], [3.0, 9.0, 1.0, 5.0]], "fps": [RATE, 1]}),
    ("RETIME", {"pieces": [[0.0, 9.0, 0.0, 4.0]], "fps": [10, 1]}),
    ("RESIZE", {"width": 64, "height": 48}),
    ("CROP", {"w": 32, "h": 24}),
    ("TRANSFORM", {"rotate": {"keyframes": [[0, 0], [7, 30]]}}),
    ("TEXT", {"text": "Hi", "size": "30%", "start": 2, "end": 4, "fade": 0.5}),
    ("TEXT", {"captions": [{"start": 0, "end": 2, "text": "A"}, {"start": 5, "end": 7, "text": "B"}], "size": "40%"}),
    ("CHROMA_KEY", {"color": "#808080"}),
    ("AUDIO_FADE", {"fade_in": 1, "fade_out": 0.5}),
]  # fmt: skip
TWO: list[tuple[str, dict]] = [
    ("SEQUENCE", {}),
    ("SEQUENCE", {"transition": {"type": "crossfade", "duration": 1.5}}),
    ("SEQUENCE", {"transition": {"type": "wipe", "duration": 0.5}}),
    ("LAYER", {"opacity": 0.6, "width": 40}),
    ("LAYER", {"start": 3.2, "end": 5, "anchor": "top_left"}),
    ("LAYER", {"start": 1, "after": "loop", "x": MOVES, "width": 20}),
    ("BLEND", {"mode": "screen", "after": "hide"}),
    ("MASK", {"invert": True}),
    ("MUX", {"length": "audio"}),
    ("AUDIO_MIX", {"gain": [0.0, -6.0], "length": "longest"}),
]
SOURCES = ("clip", "other", "late")


@st.composite
def recipes(draw: st.DrawFn) -> tuple[RecipeStep, ...]:
    """A timeline of a few clips, some of them changed, and something done to all of it."""
    made: list[RecipeStep] = []

    def add(kind: str, config: dict, *inputs: str) -> str:
        made.append(RecipeStep(f"s{len(made)}", kind, inputs, config, False))
        return made[-1].id

    clips = []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(SOURCES))
        for kind, config in draw(st.lists(st.sampled_from(ONE), max_size=2)):
            name = add(kind, config, name)
        clips.append(name)
    kind, config = draw(st.sampled_from(TWO[:3]))
    name = add(kind, config, *clips) if len(clips) > 1 else clips[0]
    for kind, config in draw(st.lists(st.sampled_from([*ONE, *TWO[3:]]), min_size=1, max_size=3)):
        second = [draw(st.sampled_from([*SOURCES, *clips]))] if (kind, config) in TWO else []
        name = add(kind, config, name, *second)
    return tuple(made)


@st.composite
def edits(draw: st.DrawFn) -> tuple[tuple[RecipeStep, ...], tuple[RecipeStep, ...]]:
    """A recipe, and the same with another step in one place."""
    before = draw(recipes())
    place = draw(st.integers(0, len(before) - 1))
    old = before[place]
    choices = ONE if len(old.inputs) == 1 else TWO[:3] if old.type == "SEQUENCE" else TWO[3:]
    kind, config = draw(st.sampled_from(choices))
    changed = msgspec.structs.replace(old, type=kind, config=config)
    return before, (*before[:place], changed, *before[place + 1 :])


@st.composite
def openings(draw: st.DrawFn) -> tuple[tuple[RecipeStep, ...], tuple[RecipeStep, ...]]:
    """A timeline, and the same with another first clip, by which all that follows goes in size, format and colours."""

    def opened() -> list[RecipeStep]:
        made, name = [], draw(st.sampled_from(SOURCES))
        for number, (kind, config) in enumerate(draw(st.lists(st.sampled_from(ONE), max_size=2))):
            made.append(RecipeStep(f"first{number}", kind, (name,), config, False))
            name = made[-1].id
        return [*made, RecipeStep("head", "SOURCE", (name,), {}, False)]

    kind, config = draw(st.sampled_from(TWO[:3]))
    clips = draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3))
    rest = [RecipeStep("all", kind, ("head", *clips), config, False)]
    for number, (kind, config) in enumerate(draw(st.lists(st.sampled_from(ONE), max_size=1))):
        rest.append(RecipeStep(f"over{number}", kind, (rest[-1].id,), config, False))
    return (*opened(), *rest), (*opened(), *rest)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[tuple[RecipeStep, ...], tuple[RecipeStep, ...]]:
    """A timeline, and the same with its clips in another order, or some more or less of them."""
    kind, config = draw(st.sampled_from(TWO[:3]))
    named = {}
    for number in range(3):
        name = draw(st.sampled_from(SOURCES))
        change, how = draw(st.sampled_from(ONE))
        named[f"c{number}"] = RecipeStep(f"c{number}", change, (name,), how, False)
    over = draw(st.sampled_from(ONE))

    def timeline() -> tuple[RecipeStep, ...]:
        clips = tuple(draw(st.lists(st.sampled_from(sorted(named)), min_size=2, max_size=4)))
        steps = [named[name] for name in sorted(set(clips))]
        return (
            *steps,
            RecipeStep("all", kind, clips, config, False),
            RecipeStep("out", over[0], ("all",), over[1], False),
        )

    return timeline(), timeline()


@pytest.fixture
def media(clip) -> dict[str, Path]:
    return {
        "clip": clip("clip.mp4", 57, RATE, (72, 48), samples=470_000, gop=25),
        "other": clip("other.mp4", 40, 5, (48, 32), base=100, gop=9),
        "late": clip("late.mp4", 30, RATE, (72, 48), base=200, samples=200_000, gop=250),
    }


def valid(steps: tuple[RecipeStep, ...], media: dict[str, Path]) -> Plan:
    try:
        return planned(steps, media, Delivery(crf=8, preset="ultrafast"), CATALOGUE)
    except InvalidRecipe:
        assume(False)
        raise


class Kitchen:
    """Renders the passes of plans; ``cache`` has the parts that were made, by their names. With a ``shelf``, files stay
    open between parts, as in a worker that makes many."""

    def __init__(self, media: dict[str, Path], folder: Path, shelf: Shelf | None = None) -> None:
        self._media, self._folder, self._made = media, folder, 0
        self._opened = open_source if shelf is None else shelf.source
        self.cache: dict[str, Path] = {}

    def cook(self, work: RenderPass) -> Path:
        self._made += 1
        path = self._folder / f"{self._made}.{work.delivery.format if work.delivery else 'mov'}"
        opened = open_source if work.part is None else self._opened
        render_pass(work, path, CATALOGUE.effects, lambda fraction: None, lambda: False, opened)
        return path

    def sources(self, made: Plan) -> dict[str, Path]:
        """All that the last pass reads."""
        by_id, paths = {step.step_id: step for step in made.steps}, dict(self._media)
        for item in made.passes[:-1]:
            paths[item.steps[-1]] = self.cook(self.whole(by_id, item, paths))
        return paths

    def whole(self, by_id, item: Pass, paths: dict[str, Path]) -> RenderPass:
        steps = tuple(RenderStep(name, by_id[name].type, by_id[name].config, by_id[name].inputs) for name in item.steps)
        outside = {name for step in steps for name in step.inputs} - set(item.steps)
        return RenderPass(steps, {name: str(paths[name]) for name in outside}, item.delivery)

    def parts(self, made: Plan, paths: dict[str, Path]) -> dict[str, tuple[str, RenderPass]]:
        """The parts of the last pass: their names, and the work that makes them."""
        item, parts = made.passes[-1], Parts(made, made.passes[-1], CATALOGUE)
        works = {str(n): (part.segment_id, parts.segment(part)) for n, part in enumerate(item.segments)}
        if item.sound:
            works[SOUND] = (item.sound, parts.sound())
        return {key: (name, bound(work, paths)) for key, (name, work) in works.items()}

    def joined(self, made: Plan, paths: dict[str, Path]) -> Path:
        sources = {}
        for key, (name, work) in self.parts(made, paths).items():
            if name not in self.cache:
                self.cache[name] = self.cook(work)
            sources[key] = str(self.cache[name])
        return self.cook(Parts(made, made.passes[-1], CATALOGUE).join(sources))


def bound(work: RenderPass, paths: dict[str, Path]) -> RenderPass:
    return msgspec.structs.replace(work, sources={name: str(paths[name]) for name in work.sources})


def check(edit: tuple[tuple[RecipeStep, ...], ...], media: dict[str, Path]) -> None:
    plans = [valid(steps, media) for steps in edit]
    assume(all(made.passes[-1].segments for made in plans))
    before, after = plans
    with TemporaryDirectory() as folder:
        kitchen = Kitchen(media, Path(folder), Shelf())
        kitchen.joined(before, kitchen.sources(before))
        known, sources = set(kitchen.cache), kitchen.sources(after)
        incremental = kitchen.joined(after, sources)
        empty = Kitchen(media, Path(folder, "empty"))
        Path(folder, "empty").mkdir()
        assert empty.joined(after, sources).read_bytes() == incremental.read_bytes()
        event(f"{len(known & empty.cache.keys()) * 10 // len(empty.cache)} tenths from before the edit")
        by_id = {step.step_id: step for step in after.steps}
        whole = kitchen.cook(kitchen.whole(by_id, after.passes[-1], sources))
        compare(whole, incremental)


def compare(whole: Path, parts: Path) -> None:
    """One encoded in one piece, the other in parts: as good as equal."""
    with av.open(str(whole)) as one, av.open(str(parts)) as other:
        for a, b in zip(one.decode(video=0), other.decode(video=0), strict=True):
            assert a.pts * a.time_base == b.pts * b.time_base
            assert psnr(plane(a), plane(b)) > 30
        assert bool(one.streams.audio) == bool(other.streams.audio)
        heard = bool(one.streams.audio)
    if heard:
        sounds = [numpy.concatenate([frame.to_ndarray() for frame in decode(path)], axis=1) for path in (whole, parts)]
        assert numpy.array_equal(*sounds)


loose = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=2, **loose)
@given(edits() | openings() | cuts())
def test_an_edit_gives_what_a_render_from_nothing_gives(media: dict[str, Path], edit) -> None:
    check(edit, media)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=60, **loose)
@given(edits())
def test_many_edits_give_what_a_render_from_nothing_gives(media: dict[str, Path], edit) -> None:
    check(edit, media)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=40, **loose)
@given(openings())
def test_many_other_first_clips_give_what_a_render_from_nothing_gives(media: dict[str, Path], edit) -> None:
    check(edit, media)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=40, **loose)
@given(cuts())
def test_clips_in_another_order_give_what_a_render_from_nothing_gives(media: dict[str, Path], edit) -> None:
    check(edit, media)
