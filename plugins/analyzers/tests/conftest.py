"""Analyses of samples in memory, with one folder of compiled code for all tests, and for the next time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from artdagd.hooks import AnalysisRequest, Analyzer

Analyze = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def state(pytestconfig: pytest.Config) -> Path:
    return Path(pytestconfig.cache.mkdir("artdagd-analyzers"))


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
