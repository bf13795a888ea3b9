"""Requests that arrive at the same time, and requests whose sender goes away half-way."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from nodes import Person, running_node

import artdagd.node
from artdagd.api.services import Services
from artdagd.auth.principal import Principal
from artdagd.database.runs import Runs
from artdagd.errors import Unavailable
from artdagd.runs.views import RunRequest
from artdagd.store import BlobStore

pytestmark = pytest.mark.database

ADMIN = Principal("admin", is_admin=True)
LIMIT = 5

Idle = tuple[Person, Services, str]


@pytest.fixture
async def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Idle]:
    """A node without workers, so that its runs stay active, what is behind its API, and the CID of a file."""
    found: list[Services] = []
    create = artdagd.node.create_app

    def catch(services: Services, *others: Any) -> Any:
        found.append(services)
        return create(services, *others)

    monkeypatch.setattr(artdagd.node, "create_app", catch)
    async with running_node(tmp_path / "home", workers=0, max_active_runs=LIMIT) as (_, person):
        clip = tmp_path / "clip"
        clip.write_bytes(os.urandom(1000))
        yield person, found[0], await person.upload(clip)


def blur(cid: str) -> dict[str, Any]:
    return {"effect": "blur", "inputs": [cid]}


async def last_event(person: Person, run_id: str) -> str:
    """The data of the last event, once the stream has ended."""
    async with asyncio.timeout(10):
        text = (await person.http.get(f"/api/run/{run_id}/events")).text
    return text.strip().rpartition("data: ")[2]


async def test_runs_that_arrive_together_keep_to_the_limit(idle: Idle):
    person, _, cid = idle
    answers = await asyncio.gather(*(person.http.post("/runs", json=blur(cid)) for _ in range(4 * LIMIT)))
    assert Counter(answer.status_code for answer in answers) == {202: LIMIT, 429: 3 * LIMIT}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)


async def test_a_retry_takes_a_place_among_the_active_runs(idle: Idle):
    person, _, cid = idle
    first = (await person.start(**blur(cid)))["run_id"]
    assert (await person.http.post(f"/runs/{first}/cancel")).json()["status"] == "cancelled"
    others = [(await person.start(**blur(cid)))["run_id"] for _ in range(LIMIT)]
    assert (await person.http.post(f"/runs/{first}/retry")).status_code == 429
    assert (await person.http.get(f"/runs/{first}")).json()["status"] == "cancelled"
    await person.http.delete(f"/runs/{others[0]}")
    assert (await person.http.post(f"/runs/{first}/retry")).status_code == 202


async def test_one_idempotency_key_makes_one_run(idle: Idle):
    person, _, cid = idle
    post = [person.http.post("/runs", json=blur(cid), headers={"Idempotency-Key": "k"}) for _ in range(LIMIT)]
    answers = await asyncio.gather(*post)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["run_id"] for answer in answers}) == 1


async def test_a_cancelled_run_says_so_last_to_everybody(idle: Idle):
    person, _, cid = idle
    run_id = (await person.start(**blur(cid)))["run_id"]
    early = asyncio.create_task(last_event(person, run_id))
    assert (await person.http.post(f"/runs/{run_id}/cancel")).status_code == 202
    assert '"cancelled"' in await early
    assert '"cancelled"' in await last_event(person, run_id)


async def test_of_many_who_cancel_retry_and_delete_each_gets_an_answer_that_fits(idle: Idle):
    person, _, cid = idle
    run_id = (await person.start(**blur(cid)))["run_id"]
    for _ in range(5):
        calls = [person.http.post(f"/runs/{run_id}/{what}") for what in ("cancel", "retry", "cancel", "retry")]
        assert {answer.status_code for answer in await asyncio.gather(*calls)} <= {202, 409}
    gone = await asyncio.gather(person.http.delete(f"/runs/{run_id}"), person.http.post(f"/runs/{run_id}/retry"))
    assert gone[0].status_code == 204
    assert (await person.http.get(f"/runs/{run_id}")).status_code == 404


async def test_a_run_whose_sender_goes_away_is_carried_through(idle: Idle, monkeypatch: pytest.MonkeyPatch):
    person, services, cid = idle
    inserted, release, insert = asyncio.Event(), asyncio.Event(), Runs.insert

    async def slowly(self: Runs, row: Any) -> bool:
        done = await insert(self, row)
        inserted.set()
        await release.wait()
        return done

    monkeypatch.setattr(Runs, "insert", slowly)
    sender = asyncio.create_task(services.runs.start(RunRequest(effect="blur", inputs=[cid]), ADMIN, "key"))
    await inserted.wait()
    sender.cancel()
    await asyncio.wait({sender})
    release.set()
    async with asyncio.timeout(10):
        while (await person.http.get("/runs")).json()["items"][0]["status"] == "pending":
            await asyncio.sleep(0.01)


async def test_an_upload_during_the_deletion_of_its_bytes_is_not_lost(idle: Idle, monkeypatch: pytest.MonkeyPatch):
    person, services, _ = idle
    data = os.urandom(1000)
    deleting, release, delete = asyncio.Event(), asyncio.Event(), BlobStore.delete

    async def slowly(self: BlobStore, cid: str, *, providers: bool = True) -> None:
        deleting.set()
        await release.wait()
        await delete(self, cid, providers=providers)

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    library = services.library
    cid = (await library.receive(chunks(), filename=None, who=ADMIN)).entry.cid
    monkeypatch.setattr(BlobStore, "delete", slowly)
    deletion = asyncio.create_task(library.delete(cid, ADMIN))
    await deleting.wait()
    upload = asyncio.create_task(library.receive(chunks(), filename=None, who=ADMIN))
    await asyncio.wait({upload}, timeout=0.2)
    release.set()
    await deletion
    (outcome,) = await asyncio.gather(upload, return_exceptions=True)
    raw = await person.http.get(f"/cache/{cid}/raw")
    if isinstance(outcome, Unavailable):
        assert raw.status_code == 404
    else:
        assert not isinstance(outcome, BaseException)
        assert raw.content == data


async def test_an_input_is_not_deleted_while_a_run_starts_with_it(idle: Idle, monkeypatch: pytest.MonkeyPatch):
    person, _, cid = idle
    inserting, release, insert = asyncio.Event(), asyncio.Event(), Runs.insert

    async def slowly(self: Runs, row: Any) -> bool:
        inserting.set()
        await release.wait()
        return await insert(self, row)

    monkeypatch.setattr(Runs, "insert", slowly)
    start = asyncio.create_task(person.http.post("/runs", json=blur(cid)))
    await inserting.wait()
    deletion = asyncio.create_task(person.http.delete(f"/cache/{cid}"))
    await asyncio.wait({deletion}, timeout=0.2)
    release.set()
    assert (await start).status_code == 202
    assert (await deletion).status_code == 409
    assert (await person.http.get(f"/cache/{cid}/raw")).status_code == 200
