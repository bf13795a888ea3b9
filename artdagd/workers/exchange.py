"""The daemon's side of transfers: what a worker without the node's folder may fetch and send, and for how long."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from artdagd.cid import CID
from artdagd.errors import ArtdagError, Conflict, InvalidRequest, StepFailed, StorageFull, TooLarge, Unauthorized
from artdagd.store.files import Disk, problem
from artdagd.workers import tickets
from artdagd.workers.answers import FEATURES, LARGEST_FEATURES, output_name
from artdagd.workers.limits import LARGEST_FILE
from artdagd.workers.messages import AnalyzeJob, Apart, Done, Job, ProbeJob, RenderJob

PIECE = 1 << 20
"""Bytes that are gathered before a thread hashes and writes them."""

Chunks = Callable[[int], AsyncIterator[bytes]]


class _Lease(msgspec.Struct):
    """``files`` is CID -> file; ``name`` and ``most`` are of the result's file, or empty. ``received`` is the SHA-256
    of the result that is here; ``turn`` counts those who began to send one: the last has it."""

    key: str
    files: dict[str, Path]
    name: str
    most: int
    received: str = ""
    turn: int = 0


class Exchange:
    """The leases of far workers, from :meth:`open` to :meth:`close`: outside, no ticket of theirs is good.

    Results arrive under ``scratch``, where the broker looks for them; ``reserve`` bytes of its disk stay free. ``url``
    is where workers reach the node's HTTP; empty until it is served.
    """

    def __init__(self, scratch: Path, reserve: int = 0, disk: Disk | None = None) -> None:
        self.url = ""
        self._scratch = scratch
        self._reserve = reserve
        self._disk = disk or Disk()
        self._leases: dict[int, _Lease] = {}

    def open(self, fence: int, job: Job) -> tuple[Job, Apart]:
        """The job with CIDs for paths, and what its worker needs for the transfers. Raises ValueError if a file that it
        reads is none of the store."""
        files = {str(CID.parse(Path(path).stem)): Path(path) for path in paths(job)}
        lease = _Lease(tickets.new_key(), files, *_result(job))
        self._leases[fence] = lease
        return renamed(job, lambda path: Path(path).stem), Apart(lease.key, {c: _size(p) for c, p in files.items()})

    def close(self, fence: int) -> None:
        """No ticket of this lease is good from now on. Nothing happens if there is none."""
        self._leases.pop(fence, None)

    def settle(self, done: Done) -> None:
        """Close the lease of a job that was done. Raises StepFailed (``refused``) if the result that was sent is not
        the one that the worker means."""
        lease = self._leases.pop(done.fence, None)
        if lease and (lease.received or done.sha256) and lease.received != done.sha256:
            raise StepFailed("the worker sent other bytes than it says", code="refused")

    def input(self, ticket: str, cid: str) -> tuple[str, int]:
        """Path and size in bytes of an input. Raises Unauthorized unless the ticket is for it and its lease holds."""
        _, lease = self._checked(ticket, lambda key, fence: tickets.to_read(key, fence, cid))
        if cid not in lease.files:
            raise _refused()
        return str(lease.files[cid]), _size(lease.files[cid])

    async def receive(self, ticket: str, digest: str, size: int, chunks: Chunks) -> None:
        """Take the result of a lease: ``size`` bytes with the SHA-256 that ``digest`` (RFC 9530) says.

        ``chunks(limit)`` gives them. What is not whole or is other bytes leaves nothing behind, and so does what comes
        while the lease ends, or while another begins to send. Raises Unauthorized, Conflict if a result is here
        already, TooLarge, StorageFull, InvalidRequest for bytes that are not as announced.
        """
        sha256 = tickets.digest_of(digest)
        fence, lease = self._checked(ticket, lambda key, fence: tickets.to_write(key, fence, sha256, size))
        if not lease.name or not sha256:
            raise _refused()
        if lease.received:
            raise Conflict("the result of this lease is here")
        if size > lease.most:
            raise TooLarge(f"the result has {size} bytes and may have {lease.most}")
        self._room(size)
        lease.turn += 1
        turn = lease.turn

        def check() -> None:
            if self._leases.get(fence) is not lease:
                raise _refused()
            if lease.turn != turn or lease.received:
                raise Conflict("the result of this lease comes by another request")

        part = self._scratch / str(fence) / f"part-{turn}"
        try:
            part.parent.mkdir(exist_ok=True)
            with part.open("xb", buffering=0) as file:
                made = await _written(file.fileno(), self._disk, chunks(size), check)
            check()
            if made != (sha256, size):
                raise InvalidRequest("the bytes are not those that were announced", advice="Send the result again.")
            # From the check to here nobody else had a turn.
            self._disk.replace(part, part.parent / lease.name)
            lease.received = sha256
        except OSError as error:
            raise problem(error, "The result could not be kept") from error
        finally:
            part.unlink(missing_ok=True)

    def _checked(self, ticket: str, wanted: Callable[[str, int], str]) -> tuple[int, _Lease]:
        fence = tickets.fence_of(ticket)
        lease = self._leases.get(fence) if fence is not None else None
        if fence is None or lease is None or not tickets.same(wanted(lease.key, fence), ticket):
            raise _refused()
        return fence, lease

    def _room(self, size: int) -> None:
        free = self._disk.free(self._scratch)
        if free - size < self._reserve:
            raise StorageFull(f"a result of {size} bytes would leave less than {self._reserve} free")


async def _written(file: int, disk: Disk, chunks: AsyncIterator[bytes], check: Callable[[], None]) -> tuple[str, int]:
    """Write all chunks, in a thread: SHA-256 (hex) and number of bytes. ``check`` raises when nobody wants them."""
    hashed, size = hashlib.sha256(), 0
    held: list[bytes] = []
    count = 0

    def write(data: bytes) -> None:
        disk.write(file, data)
        hashed.update(data)

    async def flush() -> None:
        job = asyncio.get_running_loop().run_in_executor(None, write, b"".join(held))
        held.clear()
        try:
            await asyncio.shield(job)
        finally:
            await asyncio.wait([job])  # The thread has the file's number.

    async for chunk in chunks:
        check()
        held.append(chunk)
        count += len(chunk)
        size += len(chunk)
        if count >= PIECE:
            await flush()
            count = 0
    if held:
        await flush()
    return hashed.hexdigest(), size


def renamed(job: Job, name: Callable[[str], str]) -> Job:
    """The job with what ``name`` gives for each path."""
    if isinstance(job, RenderJob):
        sources = {source: name(path) for source, path in job.render.sources.items()}
        return RenderJob(msgspec.structs.replace(job.render, sources=sources))
    return msgspec.structs.replace(job, path=name(job.path)) if job.path is not None else job


def paths(job: Job) -> list[str]:
    """What a worker reads for ``job``."""
    if isinstance(job, RenderJob):
        return list(job.render.sources.values())
    return [job.path] if job.path is not None else []


def _result(job: Job) -> tuple[str, int]:
    match job:
        case RenderJob(render):
            return output_name(render), LARGEST_FILE
        case AnalyzeJob():
            return FEATURES, LARGEST_FEATURES
        case ProbeJob():
            return "", 0


def _size(path: Path) -> int:
    """Of a file that may be gone: whoever asks for it then is told so."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _refused() -> ArtdagError:
    return Unauthorized("this needs a ticket of a lease that holds", advice="Workers have them; nobody else does.")
