"""A blob that is arriving."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

import msgspec

from artdagd.cid import Imported, Importer
from artdagd.store.files import Draft, problem

PIECE = 1 << 20
"""Bytes that are gathered before a thread hashes and writes them; at most two pieces and one chunk wait in memory."""


class Blob(msgspec.Struct, frozen=True):
    """A stored blob: its ``cid``, its ``size`` in bytes, and whether it ``existed`` here before."""

    cid: str
    size: int
    existed: bool


class Incoming:
    """Takes the bytes of one blob as they arrive; made by :meth:`BlobStore.receive`, used as ``async with``.

    Left without :meth:`commit`, nothing of it stays.
    """

    def __init__(
        self,
        begin: Callable[[], Draft],
        room: Callable[[int], None],
        settle: Callable[[Draft, Imported], Awaitable[Blob]],
    ) -> None:
        self._begin = begin
        self._room = room
        self._settle = settle
        self._importer = Importer()
        self._draft: Draft | None = None
        self._held: list[bytes] = []
        self._count = 0
        self._job: asyncio.Future[None] | None = None
        self._failure: Exception | None = None

    async def __aenter__(self) -> Incoming:
        self._draft = self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            await asyncio.shield(asyncio.to_thread(draft.discard))
        if self._job is not None and self._job.done() and not self._job.cancelled():
            self._job.exception()  # whoever left early was told another reason

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises StorageFull or Unavailable when they can't be kept; then the blob is lost."""
        self._held.append(bytes(chunk))
        self._count += len(self._held[-1])
        if self._count >= PIECE:
            await self._flush()

    async def commit(self) -> Blob:
        """Store the blob durably under its name; once, at the end. Raises as :meth:`write` does."""
        await self._flush()
        await self._wait()
        draft, self._draft = self._draft, None
        if draft is None:
            raise RuntimeError("commit is called once, inside `async with`")
        try:
            return await self._settle(draft, self._importer.finish())
        finally:
            await asyncio.shield(asyncio.to_thread(draft.discard))

    async def _flush(self) -> None:
        """Start on the gathered bytes, once the piece before them is done: the next one arrives meanwhile."""
        await self._wait()
        data, self._held, self._count = self._held, [], 0
        if data:
            self._job = asyncio.get_running_loop().run_in_executor(None, self._take, data)

    async def _wait(self) -> None:
        if self._job is not None:
            await self._job
            self._job = None
        if self._failure is not None:
            raise self._failure

    def _take(self, chunks: list[bytes]) -> None:
        """In a thread: write and hash. A failure stays, as the draft may hold half of the piece."""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        try:
            if self._draft is None:
                raise RuntimeError("bytes arrived outside `async with`")
            self._room(len(data))
            self._draft.write(data)
            self._importer.update(data)
        except OSError as error:
            self._failure = problem(error, "The blob could not be written")
        except Exception as error:
            self._failure = error
