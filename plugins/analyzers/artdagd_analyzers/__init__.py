"""Analyzers for artdagd. librosa is imported when first used, in a worker."""

from __future__ import annotations

from artdagd.hooks import Analyzer, hookimpl
from artdagd_analyzers import energy, rhythm


@hookimpl
def artdag_analyzers() -> list[Analyzer]:
    return [rhythm.ANALYZER, energy.ANALYZER]
