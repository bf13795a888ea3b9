"""What a worker answered, checked: whatever is not of the form that the job asks for is no result."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import msgspec

from artdagd.delivery import file_format
from artdagd.errors import StepFailed
from artdagd.work import MediaFacts, RenderPass
from artdagd.workers.messages import AnalyzeJob, Done, Job, ProbeJob, RenderJob

FEATURES = "features.json"
"""Where a worker leaves features that are too large for a message."""

LARGEST_FEATURES = 64 << 20

_facts = msgspec.msgpack.Decoder(MediaFacts).decode
_features = msgspec.msgpack.Decoder(dict[str, Any]).decode


class JobResult(msgspec.Struct, frozen=True):
    """``path`` is the result file of a render, in a scratch folder that ``discard()`` removes."""

    value: Any
    path: Path | None
    libraries: dict[str, str]
    worker: str
    seconds: float

    def discard(self) -> None:
        if self.path:
            shutil.rmtree(self.path.parent, ignore_errors=True)


def result_of(job: Job, done: Done, scratch: Path, worker: str) -> JobResult:
    """What ``worker`` says and left in ``scratch``. Raises StepFailed (code ``refused``)."""
    path = file_of(job, scratch) if done.file or isinstance(job, RenderJob) else None
    return JobResult(value_of(job, done), path, done.libraries, worker, done.seconds)


def with_features(job: AnalyzeJob, result: JobResult, path: Path) -> JobResult:
    """The result with the features that are in its file, which goes. Raises StepFailed."""
    try:
        return msgspec.structs.replace(result, value=read_features(job, path), path=None)
    finally:
        result.discard()


def value_of(job: Job, done: Done) -> Any:
    """MediaFacts of a probe, the features of an analysis, else None. Raises StepFailed (code ``refused``)."""
    if done.file:
        return None
    try:
        if isinstance(job, ProbeJob):
            return _facts(done.value)
        if isinstance(job, AnalyzeJob):
            return _checked(job, _features(done.value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        raise StepFailed("the worker's answer is not of the agreed form", code="refused") from None
    return None


def output_name(work: RenderPass) -> str:
    """What the file that a worker renders is called in its scratch folder. The daemon knows; a worker names nothing."""
    return f"output.{file_format(work.delivery)}"


def file_of(job: Job, scratch: Path) -> Path:
    """The regular file that the worker left; links and other things are no results. Raises StepFailed."""
    path = scratch / (output_name(job.render) if isinstance(job, RenderJob) else FEATURES)
    try:
        if stat.S_ISREG(path.lstat().st_mode):
            return path
    except OSError:
        pass
    raise StepFailed("the worker left no result file", code="refused")


def read_features(job: AnalyzeJob, path: Path) -> dict[str, Any]:
    """Features from a file that :func:`file_of` found. Raises StepFailed."""
    try:
        # O_NONBLOCK: the worker may have put a pipe in its place.
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            data = file.read(LARGEST_FEATURES + 1)
        if len(data) > LARGEST_FEATURES:
            raise StepFailed(f"the analysis is larger than {LARGEST_FEATURES >> 20} MiB", code="refused")
        return _checked(job, json.loads(data))
    except (OSError, ValueError, RecursionError):
        raise StepFailed("the worker's file of features can't be read", code="refused") from None


def _checked(job: AnalyzeJob, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or sorted(value) != sorted(job.features):
        raise ValueError("other features than were asked for")
    # MessagePack has more types than JSON has.
    if json.loads(json.dumps(value, allow_nan=False)) != value:
        raise ValueError("no JSON")
    return value
