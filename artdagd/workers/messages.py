"""The worker protocol, version 3: MessagePack of tagged structs over ROUTER (daemon) and DEALER (worker).

A message is one ZeroMQ frame, of at most :data:`MAX_BYTES` to the daemon and :data:`MAX_WORK_BYTES` from it. Times are
seconds. Blobs never cross this socket: jobs name readable files, and results are files in the scratch folder that came
with the assignment. To a worker that can't see these, jobs name CIDs, and all files go over HTTP (see ``tickets``).

The limits on what a worker may say are part of the types: what exceeds them is not decoded.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from artdagd.work import RenderPass

VERSION = 3
MAX_BYTES = 1 << 20
"""What the daemon takes from a worker. The other way a pass of thousands of clips has to fit."""

MAX_WORK_BYTES = 16 << 20

WINDOW = 16
"""Credits of a worker. A render or an analysis costs all of them, so that nobody hoards long work."""

Fence: TypeAlias = Annotated[int, Meta(ge=0)]
Fraction: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]
Short: TypeAlias = Annotated[str, Meta(max_length=128)]
Detail: TypeAlias = Annotated[str, Meta(max_length=2000)]


class ProbeJob(msgspec.Struct, frozen=True, tag="probe"):
    """What is the file at ``path``? The value is MediaFacts. A ``path`` is a CID where the file comes over HTTP."""

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

    @property
    def reads(self) -> tuple[frozenset[str], int, int | None] | None:
        """Of a part of a picture: the files that it reads, and the frames from which and up to which it goes."""
        part = self.render.part
        if part is None or part.track != "picture":
            return None
        return frozenset(self.render.sources.values()), part.first, part.last


Job: TypeAlias = ProbeJob | AnalyzeJob | RenderJob


class Apart(msgspec.Struct, frozen=True):
    """For one who does not see the node's folder: ``key`` makes the lease's tickets, ``inputs`` are CID -> bytes."""

    key: str
    inputs: dict[str, int]


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lease: the right to do ``job`` once. ``fence`` grows with every lease of this daemon.

    Either ``scratch`` is a folder for the result, or all files go over HTTP as ``apart`` says.
    """

    fence: int
    job: Job
    scratch: str = ""
    apart: Apart | None = None


# Worker -> daemon


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """``catalogue`` is the digest of what the worker can do; another than the daemon's is refused.

    ``instance`` names the worker's process and is known to nobody else: the supervisor gives it to the workers that it
    starts, others make one up. A worker that lost the node says hello with the same one from a new socket.
    ``seen`` is null in the first hello, which is answered with Look; in the second it is what the file said that Look
    names, or empty if that can't be read. ``sandbox`` is how the process is restricted: ``landlock 7``, ``none``
    where the kernel can't, or ``off``.
    """

    version: int
    name: Short
    pid: int
    host: Short
    catalogue: Short
    instance: Short
    seen: Short | None = None
    sandbox: Short = ""


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """Sent every ``Welcome.heartbeat`` seconds; renews the leases in ``fences``. Answered with Alive."""

    fences: Annotated[tuple[Fence, ...], Meta(max_length=4 * WINDOW)]
    memory: Annotated[int, Meta(ge=0)]


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    fence: Fence
    fraction: Fraction


class Done(msgspec.Struct, frozen=True, tag="done", array_like=True):
    """``value`` is what the job asks for. ``file``: the result is in the scratch folder, and ``value`` is null; where
    files go over HTTP, ``sha256`` (hex) is that of the bytes that were sent."""

    fence: Fence
    value: msgspec.Raw
    file: bool
    libraries: Annotated[dict[Short, Short], Meta(max_length=64)]
    seconds: Annotated[float, Meta(ge=0.0)]
    sha256: Short = ""


class Failed(msgspec.Struct, frozen=True, tag="failed", array_like=True):
    """As in StepFailed."""

    fence: Fence
    code: Short
    detail: Detail
    retryable: bool


class Stopped(msgspec.Struct, frozen=True, tag="stopped", array_like=True):
    """The job was given up, as Cancel asked."""

    fence: Fence


Result: TypeAlias = Done | Failed | Stopped


class Results(msgspec.Struct, frozen=True, tag="results"):
    """Results that were ready at the same time."""

    items: Annotated[tuple[Result, ...], Meta(max_length=4 * WINDOW)]


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The worker ends in order: what it held is to be done elsewhere."""


FromWorker: TypeAlias = Hello | Heartbeat | Progress | Results | Bye


# Daemon -> worker


class Look(msgspec.Struct, frozen=True, tag="look"):
    """Can you read ``file``, and write beside it? Answer with another hello. ``url`` is the node's, for who can't."""

    file: str
    url: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Seconds: between heartbeats, of silence after which all is lost, to stop a cancelled job in."""

    heartbeat: float
    lease: float
    stop: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    reason: str


class Again(msgspec.Struct, frozen=True, tag="again"):
    """The daemon does not know this worker (it was started anew): say hello."""


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """Answers a heartbeat. A worker that hears nothing for a lease gives up what it holds, and joins anew."""


class Work(msgspec.Struct, frozen=True, tag="work"):
    assignments: tuple[Assignment, ...]


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop these jobs, and say Stopped for each that was held."""

    fences: tuple[int, ...]


FromDaemon: TypeAlias = Look | Welcome | Refused | Again | Alive | Work | Cancel

encode = msgspec.msgpack.Encoder().encode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
decode_from_daemon = msgspec.msgpack.Decoder(FromDaemon).decode
