"""What a worker does with an analysis, without the worker around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from clips import click_track, numbered_clip

from artdagd.errors import StepFailed
from artdagd.hooks import AnalysisRequest, Analyzer, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers.messages import AnalyzeJob
from artdagd.workers.tasks import Cancelled, Tasks

Look = Callable[..., Any]


class Plugin:
    @hookimpl
    def artdag_analyzers(self) -> list[Analyzer]:
        features = {"pictures": "how many", "blocks": "how many"}
        return [Analyzer(name="count", version="1", description="", features=features, analyze=count)]


def count(request: AnalysisRequest) -> Mapping[str, int]:
    made = {"pictures": lambda: request.frames(8), "blocks": lambda: request.sound()}
    return {name: sum(1 for _ in made[name]()) for name in request.features}


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def run(path: Path | None, feature: str, cancelled: Callable[[], bool] = lambda: False) -> Any:
        catalogue = Catalogue.of(Plugins.of(Plugin()))
        job = AnalyzeJob(path and str(path), "count", (feature,), catalogue.identity("analyzer", "count").cid)
        return Tasks(catalogue, tmp_path).perform(job, tmp_path, lambda share: None, cancelled).value

    return run


def test_an_analyzer_gets_pictures_and_sound(look: Look, tmp_path: Path) -> None:
    assert look(numbered_clip(tmp_path / "a.mp4", 5), "pictures") == {"pictures": 5}
    assert look(click_track(tmp_path / "a.flac", [0.1], 2.0), "blocks") == {"blocks": 2}


def test_what_is_not_there_fails_with_a_reason(look: Look, tmp_path: Path) -> None:
    clip, song = numbered_clip(tmp_path / "a.mp4", 2), click_track(tmp_path / "a.flac", [0.1], 0.5)
    for path, feature, why in (
        (clip, "blocks", "no sound"),
        (song, "pictures", "no picture"),
        (None, "blocks", "no media"),
    ):
        with pytest.raises(StepFailed, match=why) as caught:
            look(path, feature)
        assert caught.value.code == "bad_media"


@pytest.mark.parametrize("feature", ["pictures", "blocks"])
def test_a_cancelled_analysis_stops_while_it_reads(look: Look, tmp_path: Path, feature: str) -> None:
    path = numbered_clip(tmp_path / "a.mp4", 50)
    if feature == "blocks":
        path = click_track(tmp_path / "a.flac", [0.1], 5.0)
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        look(path, feature, cancelled)
    assert len(asked) == 4
