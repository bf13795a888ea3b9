"""Previews are made once, recorded like any step, and for those alone who have the medium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.errors import NotFound, StepFailed, TooBusy
from artdagd.hooks.manager import Plugins
from artdagd.runs import previews
from artdagd.runs.compute import Compute
from artdagd.runs.keeping import Keeper
from artdagd.runs.library import Library
from artdagd.runs.places import Places
from artdagd.runs.previews import Previews
from artdagd.steps.catalogue import Catalogue
from artdagd.store import BlobStore, Imports
from artdagd.work import AudioFacts, MediaFacts, VideoFacts
from artdagd.workers.broker import JobResult
from tests import databases

pytestmark = pytest.mark.database

ANN, BOB, ADMIN = Principal("ann"), Principal("bob"), Principal("root", is_admin=True)
CLIP = MediaFacts(
    "video", "video/mp4", "mp4", 1.0, VideoFacts(64, 36, (25, 1), 1.0, "h264", "yuv420p"),
    AudioFacts(48_000, 2, 48_000, 1.0, "aac", "00"),
)  # fmt: skip


class Broker:
    """Renders nothing but a file of its own; waits for ``go``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.go = asyncio.Event()
        self.jobs: list[Any] = []
        self.failure: StepFailed | None = None

    async def submit(self, job: Any, on_progress: Any = None, **about: Any) -> JobResult:
        self.jobs.append(job)
        await self.go.wait()
        if self.failure:
            raise self.failure
        path = self.folder / str(len(self.jobs)) / "output"
        path.parent.mkdir()
        path.write_bytes(b"made %d" % len(self.jobs))
        return JobResult(value=None, path=path, worker="w1", libraries={"av": "1"}, seconds=0.1)


class Bench:
    def __init__(self, store: BlobStore, database: Database, broker: Broker, cid: str) -> None:
        self.database, self.broker, self.cid = database, broker, cid
        compute = Compute(store, database, broker)  # type: ignore[arg-type]
        self.catalogue = Catalogue.of(Plugins.of())
        self.library = Library(store, database, compute, Imports((), limit=0), Keeper(store, database))
        self.previews = Previews(store, compute, self.library, self.catalogue, "")

    async def get(self, wanted: Any, who: Principal = ANN, patience: float = 30.0) -> Any:
        return await self.previews.get(self.cid, wanted, who, patience)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = BlobStore(tmp_path / "cache", reserve_bytes=0)
    await store.open()
    database = await Database.open(databases.url_of(tmp_path))
    cid = (await store.put_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat")).cid
    await database.blobs.record(cid, 24, media_type="video/mp4", filename="my clip.mov", owner="ann")
    await database.blobs.set_facts(cid, CLIP)
    made = Bench(store, database, Broker(tmp_path), cid)
    yield made
    await made.previews.close()
    await made.library.close()
    await database.close()


async def test_many_who_ask_get_one_rendering_and_a_record(bench: Bench) -> None:
    assert await bench.get(previews.poster(320), patience=0) is None, "it is being made"
    bench.broker.go.set()
    answers = await asyncio.gather(*(bench.get(previews.poster(320), who) for who in (ANN, ANN, ADMIN)))
    assert [Path(answer.path).read_bytes() for answer in answers] == [b"made 1"] * 3
    assert (answers[0].media_type, answers[0].filename, answers[0].size) == ("image/jpeg", "my clip.jpg", 6)
    name = bench.previews.cache_id(bench.cid, previews.poster(320))
    rows = await bench.database.actions.get_many([name])
    assert rows[name].output_cid == answers[0].cid
    assert rows[name].identity == bench.catalogue.identity("step", "POSTER").cid
    assert (await bench.get(previews.poster(320))).cid == answers[0].cid
    assert len(bench.broker.jobs) == 1
    (step,) = bench.broker.jobs[0].render.steps
    assert (step.type, step.config) == ("POSTER", {"width": 320})
    assert (await bench.get(previews.poster(640))).cid != answers[0].cid


async def test_others_learn_nothing(bench: Bench) -> None:
    bench.broker.go.set()
    assert await bench.get(previews.mp4()) is not None
    with pytest.raises(NotFound, match="no blob"):
        await bench.get(previews.mp4(), BOB)


async def test_a_failure_is_remembered(bench: Bench) -> None:
    bench.broker.failure = StepFailed("no frame can be decoded", code="bad_media")
    bench.broker.go.set()
    for _ in range(3):
        with pytest.raises(StepFailed, match="no frame"):
            await bench.get(previews.poster(320))
    assert len(bench.broker.jobs) == 1


async def test_there_are_so_many_at_once_and_no_more(bench: Bench) -> None:
    bench.previews.places = Places("previews being made", 3, 2)
    for width in (160, 320, 320):
        assert await bench.get(previews.poster(width), patience=0) is None
    with pytest.raises(TooBusy):
        await bench.get(previews.poster(640), patience=0)
    bench.broker.go.set()
    assert await bench.get(previews.poster(160)) is not None


async def test_who_goes_away_stops_nothing(bench: Bench) -> None:
    asking = asyncio.create_task(bench.get(previews.poster(320)))
    while not bench.broker.jobs:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    bench.broker.go.set()
    assert await bench.get(previews.poster(320)) is not None
    assert len(bench.broker.jobs) == 1
