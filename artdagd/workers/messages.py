"""The worker protocol, version 1: MessagePack of tagged structs over ROUTER (daemon) and DEALER (worker).

A message is one ZeroMQ frame of at most :data:`MAX_BYTES`. Times are seconds. Blobs never cross this socket: jobs name
readable files, and results are files in the scratch folder that came with the assignment.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from artdagd.work import RenderPass

VERSION = 1
MAX_BYTES = 1 << 20
WINDOW = 16
"""Credits of a worker. A render or an analysis costs all of them, so that nobody hoards long work."""


class ProbeJob(msgspec.Struct, frozen=True, tag="probe"):
    """What is the file at ``path``? The value is MediaFacts."""

    path: str

    @property
    def cost(self) -> int:
        return 1


class AnalyzeJob(msgspec.Struct, frozen=True, tag="analyze", omit_defaults=True):
    """Features of the file at ``path``. ``identity`` is the implementation that the daemon planned with.

    A ``light`` job costs one credit: several may wait in one worker. ``path`` is None for an analyzer of nothing.
    """

    path: str | None
    analyzer: str
    features: tuple[str, ...]
    identity: str
    light: bool = False

    @property
    def cost(self) -> int:
        return 1 if self.light else WINDOW


class RenderJob(msgspec.Struct, frozen=True, tag="render"):
    """A pass. The result is a file in the scratch folder."""

    render: RenderPass

    @property
    def cost(self) -> int:
        return WINDOW


Job: TypeAlias = ProbeJob | AnalyzeJob | RenderJob


class Assignment(msgspec.Struct, frozen=True):
    """A lease: the right to do ``job`` once. ``fence`` grows with every lease of this daemon."""

    fence: int
    job: Job
    scratch: str


# Worker -> daemon


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """``catalogue`` is the digest of what the worker can do; another than the daemon's is refused."""

    version: int
    name: str
    pid: int
    host: str
    catalogue: str


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Sent every ``Welcome.heartbeat`` seconds; renews the leases in ``fences``."""

    fences: tuple[int, ...]
    memory: int


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    fence: int
    fraction: float


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """``file`` is true where the result is the file that the scratch folder holds."""

    fence: int
    value: Any
    file: bool
    libraries: dict[str, str]
    seconds: float


class Failed(msgspec.Struct, frozen=True, tag="failed", array_like=True):
    fence: int
    code: str
    detail: str
    retryable: bool


class Results(msgspec.Struct, frozen=True, tag="results"):
    """Results that were ready at the same time."""

    items: tuple[Done | Failed, ...]


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The worker ends in order; it holds nothing."""


FromWorker: TypeAlias = Hello | Heartbeat | Progress | Results | Bye


# Daemon -> worker


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    heartbeat: float
    lease: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    reason: str


class Again(msgspec.Struct, frozen=True, tag="again"):
    """The daemon does not know this worker (it was started anew): say hello."""


class Work(msgspec.Struct, frozen=True, tag="work"):
    assignments: tuple[Assignment, ...]


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    fences: tuple[int, ...]


FromDaemon: TypeAlias = Welcome | Refused | Again | Work | Cancel

encode = msgspec.msgpack.Encoder().encode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
decode_from_daemon = msgspec.msgpack.Decoder(FromDaemon).decode
