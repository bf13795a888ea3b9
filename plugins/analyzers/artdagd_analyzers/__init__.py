"""What can be heard in a sound track and seen in a video. Importing this imports neither librosa nor numpy."""

from __future__ import annotations

from collections.abc import Iterable

from artdagd.hooks import Analyzer, hookimpl
from artdagd_analyzers import energy, key, loudness, onsets, picture, rhythm, silence, spectrum


@hookimpl
def artdag_analyzers() -> Iterable[Analyzer]:
    modules = (energy, key, loudness, onsets, picture, rhythm, silence, spectrum)
    return [module.ANALYZER for module in modules]
