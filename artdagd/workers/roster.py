"""The workers as a person sees them: who, since when, doing what, how much done."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Literal

import msgspec

from artdagd.workers.messages import AnalyzeJob, Hello, Job, RenderJob


class Task(msgspec.Struct, frozen=True):
    """A job that a worker holds: ``what`` it is, ``since`` when (RFC 3339), for whom, and for which run, if for one."""

    what: str
    since: str
    whose: str = ""
    run_id: str = ""


class WorkerInfo(msgspec.Struct, frozen=True):
    """``memory`` is resident bytes at the last heartbeat; ``since`` is RFC 3339. ``blobs`` says how it gets them: from
    the node's own ``folder``, or over ``http``; ``sandbox`` how it is restricted, by itself: ``landlock 7``, ``none``
    where the kernel can't, ``off``."""

    name: str
    pid: int
    host: str
    since: str
    state: Literal["idle", "busy"]
    doing: list[str]
    done: int
    failed: int
    memory: int | None
    blobs: Literal["folder", "http"] = "folder"
    sandbox: str = ""
    tasks: tuple[Task, ...] = ()


class _Line(msgspec.Struct):
    hello: Hello
    since: str
    apart: bool
    doing: dict[int, Task] = {}
    done: int = 0
    failed: int = 0
    memory: int | None = None


class Roster:
    """Bookkeeping: which process is behind a worker, and what it does, for display."""

    def __init__(self) -> None:
        self._lines: dict[bytes, _Line] = {}
        self._holder: dict[int, bytes] = {}
        self._instances: dict[str, bytes] = {}
        self.deserted: float | None = time.monotonic()
        """Since when (monotonic) no worker is there."""

    def join(self, worker: bytes, hello: Hello, *, apart: bool = False) -> None:
        """``apart``: it does not see the node's folder."""
        self._lines[worker] = _Line(hello, _now(), apart)
        self._instances[hello.instance] = worker
        self.deserted = None

    def leave(self, worker: bytes) -> None:
        line = self._lines.pop(worker, None)
        if line is None:
            return
        if not self._lines:
            self.deserted = time.monotonic()
        self._instances.pop(line.hello.instance, None)
        for fence in line.doing:
            self._holder.pop(fence, None)

    def heard(self, worker: bytes, memory: int) -> None:
        if worker in self._lines:
            self._lines[worker].memory = memory

    def began(self, worker: bytes, fence: int, job: Job, whose: str = "", run_id: str = "") -> None:
        if worker in self._lines:
            self._lines[worker].doing[fence] = Task(_title(job), _now(), whose, run_id)
            self._holder[fence] = worker

    def holds(self, worker: bytes, fence: int) -> bool:
        return self._holder.get(fence) == worker

    def ended(self, fence: int, how: Literal["done", "failed"]) -> None:
        line = self._lines.get(self._holder.pop(fence, b""))
        if line:
            line.doing.pop(fence, None)
            if how == "done":
                line.done += 1
            else:
                line.failed += 1

    def name(self, worker: bytes) -> str:
        return self._lines[worker].hello.name if worker in self._lines else worker.hex()

    def is_apart(self, worker: bytes) -> bool:
        return worker in self._lines and self._lines[worker].apart

    def instance(self, worker: bytes) -> str:
        return self._lines[worker].hello.instance if worker in self._lines else ""

    def of_instance(self, instance: str) -> bytes | None:
        return self._instances.get(instance)

    def infos(self) -> list[WorkerInfo]:
        return [
            WorkerInfo(
                name=line.hello.name,
                pid=line.hello.pid,
                host=line.hello.host,
                since=line.since,
                state="busy" if line.doing else "idle",
                doing=[task.what for task in line.doing.values()],
                done=line.done,
                failed=line.failed,
                memory=line.memory,
                sandbox=line.hello.sandbox,
                blobs="http" if line.apart else "folder",
                tasks=tuple(line.doing.values()),
            )
            for line in sorted(self._lines.values(), key=lambda line: line.hello.name)
        ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _title(job: Job) -> str:
    if isinstance(job, RenderJob):
        return f"render {job.render.steps[-1].step_id}" if job.render.steps else "render"
    return f"analyze {', '.join(job.features)}" if isinstance(job, AnalyzeJob) else "probe"
