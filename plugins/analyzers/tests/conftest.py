"""Analyses of samples in memory, and of files as a worker makes them. Compiled code is kept for all tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import artdagd_analyzers
import av
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from artdagd.hooks import AnalysisRequest, Analyzer
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue
from artdagd.workers.messages import AnalyzeJob
from artdagd.workers.tasks import Tasks

Analyze = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def state(pytestconfig: pytest.Config) -> Path:
    """The workers of all nodes of a test run have it, too: what is compiled is compiled once."""
    return Path(pytestconfig.cache.mkdir("artdagd-state"))


@pytest.fixture
def analyze(state: Path) -> Analyze:
    """``analyze(analyzer, samples, progress)``: what a worker would get."""

    def run(analyzer: Analyzer, samples: Any, progress: Callable[[float], None] = lambda share: None) -> dict[str, Any]:
        def audio(rate: int) -> Any:
            assert rate == 22_050
            return samples

        features = tuple(analyzer.features)
        return dict(analyzer.analyze(AnalysisRequest(features, audio, progress, state)))

    return run


@pytest.fixture
def analyzed(state: Path, tmp_path: Path) -> Analyze:
    """``analyzed(path, feature, …)``: what a worker finds in a file, by feature."""
    catalogue = Catalogue.of(Plugins.of(artdagd_analyzers))

    def run(path: Path, *features: str) -> dict[str, Any]:
        (name,) = {catalogue.analyzer_for(feature).name for feature in features}
        job = AnalyzeJob(str(path), name, features, catalogue.identity("analyzer", name).cid)
        told: list[float] = []
        outcome = Tasks(catalogue, state).perform(job, tmp_path / "scratch", told.append, lambda: False)
        assert told == sorted(told)
        assert told[-1] == 1.0
        if outcome.file:
            return dict(json.loads((tmp_path / "scratch" / "features.json").read_text()))
        return dict(outcome.value)

    return run


@pytest.fixture
def heard(analyzed: Analyze, tmp_path: Path) -> Callable[..., Any]:
    """``heard(samples, feature, rate, layout)``: the feature of these samples, (samples,) or (channels, samples)."""

    def run(samples: Any, feature: str, rate: int = 22_050, layout: str = "mono") -> Any:
        path = write_sound(tmp_path / "sound.wav", np.atleast_2d(np.asarray(samples, np.float32)), rate, layout)
        return analyzed(path, feature)[feature]

    return run


@pytest.fixture
def seen(analyzed: Analyze, tmp_path: Path) -> Callable[..., Any]:
    """``seen(pictures, feature, fps)``: the feature of RGB pictures, each of shape (height, width, 3)."""

    def run(pictures: Sequence[Any], feature: str, fps: int = 25) -> Any:
        return analyzed(write_pictures(tmp_path / "pictures.mkv", pictures, fps), feature)[feature]

    return run


def write_sound(path: Path, samples: Any, rate: int, layout: str) -> Path:
    """A file of 32-bit floats: what is no number, or beyond full scale, is kept."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T).reshape(1, -1), "flt", layout)
        frame.sample_rate, frame.pts = rate, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def surround(centre: Any) -> Any:
    """Six channels, of which that in the middle sounds."""
    channels = np.zeros((6, len(centre)))
    channels[2] = centre
    return channels


def write_pictures(path: Path, pictures: Sequence[Any], fps: int) -> Path:
    """A video without loss; a name that ends with gif or png makes one of those."""
    codec, format, container = {".gif": ("gif", "rgb8", "gif"), ".png": ("png", "rgb24", "image2")}.get(
        path.suffix, ("ffv1", "bgr0", "matroska")
    )
    with av.open(str(path), "w", container) as file:
        stream = file.add_stream(codec, rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = format
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            file.mux(stream.encode(frame.reformat(format=format)))
        file.mux(stream.encode(None))
    return path
