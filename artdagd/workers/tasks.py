"""Carries out a job. The one module of this room that imports the media engine, and only in a worker process."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from artdagd.errors import StepFailed
from artdagd.hooks import AnalysisRequest, Analyzer, Frames, Sound
from artdagd.steps.catalogue import Catalogue
from artdagd.workers.answers import FEATURES, output_name
from artdagd.workers.limits import processor
from artdagd.workers.messages import AnalyzeJob, Job, ProbeJob, RenderJob

if TYPE_CHECKING:
    from artdagd.render.reading.shelf import Shelf

Progress = Callable[[float], None]

PROBE_SECONDS = 900
"""Of processor time, for a file that keeps its reader busy: the sound of a day takes a third of it."""

INLINE = 32 << 10
"""Bytes of JSON that a message carries. Longer features go through a file, so that a long song is no trouble."""


class Cancelled(Exception):
    """The job was stopped on request: there is no result."""


class Outcome(msgspec.Struct, frozen=True):
    """``file`` tells that the result is the file in the scratch folder."""

    value: Any
    file: bool
    libraries: dict[str, str]


class Tasks:
    """``state`` is a folder that analyzers may keep things in between processes."""

    def __init__(self, catalogue: Catalogue, state: Path) -> None:
        self._catalogue = catalogue
        self._state = state
        self._shelf: Shelf | None = None

    def rest(self) -> None:
        """Give back what is kept for a next job."""
        if self._shelf is not None:
            self._shelf.clear()

    def perform(self, job: Job, scratch: Path, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        """Raises StepFailed, whatever goes wrong, or Cancelled."""
        try:
            if isinstance(job, RenderJob):
                return self._render(job, scratch, progress, cancelled)
            if isinstance(job, AnalyzeJob):
                return self._analyze(job, scratch, progress, cancelled)
            return self._probe(job)
        except (StepFailed, Cancelled):
            raise
        except MemoryError:
            raise StepFailed("it needs more memory than a worker may use", code="bad_media") from None
        # Plugins and media libraries raise whatever they like; sys.exit() would end the thread unseen.
        except (Exception, SystemExit) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StepFailed("there is no room for the result", code="disk_full", retryable=True) from None
            code = "effect_error" if isinstance(job, RenderJob) else "analyzer_error"
            raise StepFailed(f"{type(error).__name__}: {error}"[:1000], code=code) from None

    def _probe(self, job: ProbeJob) -> Outcome:
        from artdagd.render.reading.probe import probe

        with processor(PROBE_SECONDS):
            return Outcome(msgspec.to_builtins(probe(Path(job.path))), False, {})

    def _render(self, job: RenderJob, scratch: Path, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        from artdagd.render import engine
        from artdagd.render.reading.shelf import Shelf
        from artdagd.render.reading.source import open_source

        scratch.mkdir(parents=True, exist_ok=True)
        output = scratch / output_name(job.render)
        self._shelf = self._shelf or Shelf()
        # Another part of the same pass is likely to come next; anything else has the memory to itself.
        if job.render.part is None:
            self._shelf.clear()
        opened = open_source if job.render.part is None else self._shelf.source
        try:
            engine.render_pass(job.render, output, self._catalogue.effects, progress, cancelled, opened)
        except engine.Cancelled:
            raise Cancelled from None
        return Outcome(None, True, _versions(("av", "numpy", "pillow")) | _ffmpeg())

    def _analyze(self, job: AnalyzeJob, scratch: Path, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        analyzer = self._catalogue.analyzers.get(job.analyzer)
        if analyzer is None or self._catalogue.identity("analyzer", job.analyzer).cid != job.identity:
            raise StepFailed(f"this worker has another version of analyzer {job.analyzer}", code="refused")
        value = self._features(analyzer, self._request(job, progress), cancelled)
        missing = [name for name in job.features if name not in value]
        if missing:
            raise StepFailed(f"analyzer {job.analyzer} gave no {missing[0]}", code="analyzer_error")
        try:
            text = json.dumps({name: value[name] for name in job.features}, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StepFailed(f"analyzer {job.analyzer} gave no JSON: {error}", code="analyzer_error") from None
        libraries = _versions(("av", "numpy", *analyzer.libraries)) | _ffmpeg()
        if len(text) <= INLINE:
            return Outcome(json.loads(text), False, libraries)
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / FEATURES).write_text(text)
        return Outcome(None, True, libraries)

    def _features(self, analyzer: Analyzer, request: AnalysisRequest, cancelled: Callable[[], bool]) -> dict[str, Any]:
        from artdagd.render import engine
        from artdagd.render.wanted import asking

        def check() -> None:
            if cancelled():
                raise engine.Cancelled

        try:
            with asking(check):
                return dict(analyzer.analyze(request))
        except engine.Cancelled:
            raise Cancelled from None

    def _request(self, job: AnalyzeJob, progress: Progress) -> AnalysisRequest:
        def path() -> Path:
            if job.path is None:
                raise StepFailed("there is no media to analyze", code="bad_media")
            return Path(job.path)

        def audio(rate: int) -> Any:
            from artdagd.render.analysis.audio import mono

            return mono(path(), rate)

        def sound(rate: int | None = None, mono: bool = False) -> Sound:
            from artdagd.render.analysis.audio import Blocks

            return Blocks.of(path(), rate, mono)

        def frames(width: int, rate: float | None = None) -> Frames:
            from artdagd.render.analysis.frames import Small

            return Small.of(path(), width, rate)

        return AnalysisRequest(job.features, audio, progress, self._state, sound, frames)


@cache
def _versions(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names[:32]:
        try:
            found[name[:128]] = version(name)[:128]
        except PackageNotFoundError:
            continue
    return found


@cache
def _ffmpeg() -> dict[str, str]:
    import av

    return {f"ffmpeg/{name}": ".".join(map(str, parts)) for name, parts in sorted(av.library_versions.items())}
