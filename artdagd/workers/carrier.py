"""The worker's side of transfers, where the node's folder is not seen: inputs come over HTTP, results go over it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx

from artdagd.cid import CID
from artdagd.errors import StepFailed
from artdagd.workers import tickets
from artdagd.workers.depot import Arriving, Depot
from artdagd.workers.exchange import renamed
from artdagd.workers.far import Transfer, Unwanted
from artdagd.workers.messages import Apart, Assignment, Job, RenderJob

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before the next try of a transfer, by how many in a row got no further."""

AT_ONCE = 4
"""Inputs of one job that are fetched at once."""

PIECE = 1 << 18
LOOK = 0.1
"""Seconds between looks at whether the job is still wanted."""

REACH_SECONDS = 3.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0, pool=None)

OVER = (401, 403, 404, 405, 413, 421)
"""Statuses that no other try changes."""


class _Again(Exception):
    """A try failed for this reason, and another may not."""


class Carrier:
    """Transfers with the node at ``url``; what is fetched lies in ``depot``. For one thread."""

    def __init__(self, url: str, depot: Depot) -> None:
        self.url = url
        self.depot = depot
        # By the system's authorities; SSL_CERT_FILE names others.
        self._verify: ssl.SSLContext | bool = ssl.create_default_context() if url.startswith("https:") else False

    def reach(self) -> str:
        """Why the node can't be reached, or nothing."""
        try:
            with httpx.Client(verify=self._verify, trust_env=False, timeout=REACH_SECONDS) as http:
                status = http.get(f"{self.url}/healthz").status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _reason(error)
        return "" if status in (200, 503) else f"its answer is {status}"

    def fetch(self, given: Assignment, apart: Apart, folder: Path, transfer: Transfer) -> Job:
        """The job with its inputs as files in ``folder``. Raises StepFailed (``transfer``, ``disk_full``), Unwanted."""
        if any(str(CID.parse(cid)) != cid for cid in apart.inputs):
            raise StepFailed("the node names inputs in another way than it should", code="refused")
        total = sum(apart.inputs.values())
        if total > self.depot.most:
            raise StepFailed(
                f"its inputs have {total} bytes, and this worker keeps at most {self.depot.most}",
                code="disk_full",
                retryable=True,
                advice="Start it with more --cache-bytes.",
            )
        missing = [cid for cid in apart.inputs if not self.depot.lend(cid, folder / cid)]
        if missing:
            _run(self._fetch(given, apart, missing, folder, transfer), transfer)
        return renamed(given.job, lambda cid: str(folder / cid))

    def send(self, fence: int, apart: Apart, path: Path, transfer: Transfer) -> str:
        """Send a result; its SHA-256, in hex. Raises StepFailed (``transfer``, ``disk_full``), Unwanted."""
        hashed, size = hashlib.sha256(), 0
        for data in _pieces(path):
            hashed.update(data)
            size += len(data)
            transfer.check()
        sha256 = hashed.hexdigest()
        headers = {
            "Authorization": tickets.to_write(apart.key, fence, sha256, size),
            "Content-Digest": tickets.digest_header(sha256),
            "Content-Length": str(size),
            "Content-Type": "application/octet-stream",
        }
        _run(self._send(path, headers, transfer), transfer)
        return sha256

    async def _fetch(
        self, given: Assignment, apart: Apart, missing: list[str], folder: Path, transfer: Transfer
    ) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with self._client() as http:

            async def one(cid: str) -> None:
                headers = {"Authorization": tickets.to_read(apart.key, given.fence, cid)}
                what = f"{_title(given.job, cid)} could not be fetched from {self.url}"
                async with places:
                    await self._fetch_one(http, cid, apart.inputs[cid], headers, folder / cid, what, transfer)

            async with asyncio.TaskGroup() as group:
                for cid in missing:
                    group.create_task(one(cid))

    async def _fetch_one(
        self, http: httpx.AsyncClient, cid: str, size: int, headers: dict[str, str], place: Path, what: str,
        transfer: Transfer,
    ) -> None:  # fmt: skip
        while (draft := self.depot.arrive(cid, size)) is None:
            # Another process fetches the same.
            await asyncio.sleep(LOOK)
            if self.depot.lend(cid, place):
                return
        try:
            await _tried(lambda: _get(http, cid, size, headers, draft, place, transfer), what, lambda: draft.got)
        finally:
            draft.discard()

    async def _send(self, path: Path, headers: dict[str, str], transfer: Transfer) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for data in _pieces(path):
                yield data
                transfer.moved(len(data))

        async with self._client() as http:

            async def put() -> None:
                answer = await http.put("/worker/result", content=pieces(), headers=headers)
                # 409: it is there, and the answer to an earlier try was lost.
                if answer.status_code not in (204, 409):
                    _object(answer)

            await _tried(put, f"its result could not be sent to {self.url}", lambda: 0)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, verify=self._verify, trust_env=False, timeout=TIMEOUT)


async def _get(
    http: httpx.AsyncClient, cid: str, size: int, headers: dict[str, str], draft: Arriving, place: Path,
    transfer: Transfer,
) -> None:  # fmt: skip
    """The rest of a blob, from where the draft stands."""
    rest = {"Range": f"bytes={draft.got}-"} if draft.got else {}
    async with http.stream("GET", f"/worker/blob/{cid}", headers=headers | rest) as answer:
        if answer.status_code == 200:
            draft.again()
        elif answer.status_code != 206:
            await answer.aread()
            _object(answer)
        async for data in answer.aiter_raw(PIECE):
            if draft.got + len(data) > size:
                draft.again()
                raise _Again(f"more than its {size} bytes came")
            draft.write(data)
            transfer.moved(len(data))
    if draft.got < size:
        raise _Again(f"only {draft.got} of {size} bytes came")
    if not draft.keep(place):
        draft.again()
        raise _Again("what came are not the bytes that its CID names")


async def _tried(attempt: Callable[[], Awaitable[None]], what: str, got: Callable[[], int]) -> None:
    """Try until it is done, or got no further so often. Raises StepFailed (``transfer``)."""
    tries = 0
    while True:
        before = got()
        try:
            await attempt()
            return
        except (httpx.HTTPError, _Again) as error:
            reason = _reason(error)
        tries = 0 if got() > before else tries + 1
        if tries > len(WAITS):
            raise StepFailed(f"{what}: {reason}", code="transfer", retryable=True)
        await asyncio.sleep(WAITS[max(tries - 1, 0)])


def _run(work: Awaitable[None], transfer: Transfer) -> None:
    """Have it done, in an event loop of its own, as long as it is wanted. Raises what it raises, or Unwanted."""

    async def watched() -> None:
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait([task], timeout=LOOK))[0]:
                transfer.check()
        except Unwanted:
            task.cancel()
            await asyncio.wait([task])
            raise
        task.result()

    try:
        asyncio.run(watched())
    except BaseExceptionGroup as group:
        raise _full(group.exceptions[0]) from None
    except OSError as error:
        raise _full(error) from None


def _full(error: BaseException) -> BaseException:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StepFailed("there is no room for what the worker fetches", code="disk_full", retryable=True)
    return error


def _object(answer: httpx.Response) -> None:
    """Raises for an answer that is not what was asked for."""
    try:
        told = str(answer.json()["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        told = "no reason given"
    if answer.status_code == 507:
        raise StepFailed(f"the node has no room for the result: {told}", code="disk_full", retryable=True)
    if answer.status_code in OVER:
        raise StepFailed(f"{answer.url} answers {answer.status_code}: {told}", code="transfer", retryable=True)
    raise _Again(f"{answer.status_code}: {told}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while data := file.read(PIECE):
            yield data


def _title(job: Job, cid: str) -> str:
    if isinstance(job, RenderJob):
        return f"input {', '.join(name for name, source in job.render.sources.items() if source == cid)} ({cid})"
    return f"input {cid}"


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _Again) else f"{type(error).__name__}: {error}".rstrip(": ")
