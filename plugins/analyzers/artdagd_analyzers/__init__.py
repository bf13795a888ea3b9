"""Beats, tempo and energy of a sound track. Importing this imports neither librosa nor numpy."""

from __future__ import annotations

from collections.abc import Iterable

from artdagd.hooks import Analyzer, hookimpl
from artdagd_analyzers import energy, rhythm


@hookimpl
def artdag_analyzers() -> Iterable[Analyzer]:
    return [energy.ANALYZER, rhythm.ANALYZER]
