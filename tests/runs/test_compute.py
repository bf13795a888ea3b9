"""What a worker read is remembered only if it read the bytes that were verified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from artdagd.database import Database
from artdagd.errors import BlobCorrupt, NotFound, StepFailed
from artdagd.runs.compute import ATTEMPTS, Compute, Ready
from artdagd.store import BlobStore
from artdagd.work import Delivery, MediaFacts, RenderPass
from artdagd.workers.broker import JobResult
from artdagd.workers.messages import RenderJob
from tests import databases

pytestmark = pytest.mark.database

DATA = bytes(range(256)) * 40


class Broker:
    """Does ``on_job`` to the first file of each job, then answers or fails."""

    def __init__(self, scratch: Path, on_job: Callable[[Path], None]) -> None:
        self.scratch = scratch
        self.on_job = on_job
        self.failure: StepFailed | None = None
        self.jobs = 0

    async def submit(self, job: Any, on_progress: Any = None, **whose: str | None) -> JobResult:
        self.jobs += 1
        self.on_job(Path(next(iter(job.render.sources.values())) if isinstance(job, RenderJob) else job.path))
        if self.failure:
            raise self.failure
        folder = self.scratch / str(self.jobs)
        folder.mkdir()
        (folder / "output.mp4").write_bytes(b"rendered")
        facts = MediaFacts(kind="other", media_type="application/octet-stream", duration=None)
        return JobResult(value=facts, path=folder / "output.mp4", worker="w1", libraries={}, seconds=0.1)


def spoil(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(DATA[:100])


def leave(path: Path) -> None:
    pass


class Bench:
    """A store and a database of their own, and the CID of a blob."""

    def __init__(self, store: BlobStore, database: Database, cid: str, scratch: Path) -> None:
        self.store, self.database, self.cid = store, database, cid
        self.broker = Broker(scratch, leave)
        self.compute = Compute(store, database, self.broker)  # type: ignore[arg-type]

    async def probe(self) -> Any:
        return await self.compute.facts(self.cid)

    async def render(self) -> Any:
        async def make() -> Ready:
            sources = {"clip": str(await self.store.path(self.cid))}
            return Ready(RenderPass(steps=(), sources=sources, delivery=Delivery()))

        return await self.compute.render("cache-id", "identity", make, lambda fraction: None)

    async def remembered(self) -> bool:
        return bool(await self.database.blobs.facts(self.cid) or await self.database.actions.get_many(["cache-id"]))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = BlobStore(tmp_path / "cache", reserve_bytes=0)
    await store.open()
    database = await Database.open(databases.url_of(tmp_path))
    cid = (await store.put_bytes(DATA)).cid
    await database.blobs.record(cid, len(DATA), media_type="video/mp4", filename=None, owner="ann")
    yield Bench(store, database, cid, tmp_path)
    await database.close()


@pytest.mark.parametrize("what", ["probe", "render"])
async def test_a_sound_file_is_read_once_and_remembered(bench: Bench, what: str):
    await getattr(bench, what)()
    assert await bench.remembered()
    await getattr(bench, what)()
    assert bench.broker.jobs == 1


@pytest.mark.parametrize("failure", [None, StepFailed("no video in it", code="bad_media")])
@pytest.mark.parametrize(("harm", "said"), [(spoil, BlobCorrupt), (Path.unlink, NotFound)])
@pytest.mark.parametrize("what", ["probe", "render"])
async def test_nothing_is_remembered_of_a_file_that_decayed_meanwhile(
    bench: Bench, what: str, harm: Any, said: type[Exception], failure: StepFailed | None
):
    bench.broker.on_job, bench.broker.failure = harm, failure
    with pytest.raises(said):
        await getattr(bench, what)()
    assert bench.broker.jobs == 1
    assert not await bench.remembered()
    bench.broker.on_job, bench.broker.failure = leave, None
    await bench.store.put_bytes(DATA)
    await getattr(bench, what)()
    assert await bench.remembered()


async def test_a_file_that_never_stays_is_given_up(bench: Bench):
    def touch(path: Path) -> None:
        path.chmod(0o600)
        path.write_bytes(DATA)

    bench.broker.on_job = touch
    with pytest.raises(BlobCorrupt):
        await bench.probe()
    assert bench.broker.jobs == ATTEMPTS
    assert not await bench.remembered()


async def test_a_failure_on_a_sound_file_is_its_own(bench: Bench):
    bench.broker.failure = StepFailed("no video in it", code="bad_media")
    with pytest.raises(StepFailed, match="no video"):
        await bench.render()
    assert bench.broker.jobs == 1
