"""More runs than a node takes, and requests that are sent again (E5, E7)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from artdagd.auth.principal import Principal
from artdagd.errors import Conflict, TooBusy
from artdagd.runs import keys
from artdagd.runs.keys import LIFE, RETRIES, Key, Retries, expired
from artdagd.runs.places import Places

pytestmark = pytest.mark.database

ANN = Principal("ann")
RECIPE = """\
name: r
version: "1"
params: {seconds: {type: number, default: 1}}
steps: [{id: s, type: GENERATE, config: {pattern: gradient, width: 96, height: 64, duration: $params.seconds}}]
output: s
"""

Blur = Callable[[str], dict[str, Any]]
People = dict[str, httpx.AsyncClient]


async def upload(http: httpx.AsyncClient, data: bytes = b"something") -> str:
    answer = await http.post("/cache/upload", files={"file": ("a", data)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["cid"])


async def test_who_floods_fills_their_own_places_and_nobody_elses(idle: People, blur: Blur):
    cids = {name: await upload(idle[name]) for name in ("ann", "bob", "eve")}

    async def flood(name: str, count: int) -> Counter[int]:
        answers = await asyncio.gather(*(idle[name].post("/runs", json=blur(cids[name])) for _ in range(count)))
        for answer in answers:
            if answer.status_code == 429:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert int(answer.headers["Retry-After"]) > 0
        return Counter(answer.status_code for answer in answers)

    assert await flood("ann", 20) == {202: 4, 429: 16}
    assert await flood("bob", 2) == {202: 2}
    assert await flood("eve", 1) == {429: 1}
    run = (await idle["ann"].get("/runs")).json()["items"][0]["run_id"]
    assert (await idle["ann"].delete(f"/runs/{run}")).status_code == 204
    assert await flood("eve", 1) == {202: 1}


def test_places_are_given_back_whatever_happens():
    places = Places("things", 3, 2)
    with places.one("a"), places.one("a"):
        with pytest.raises(TooBusy, match="a has 2 things"), places.one("a"):
            pass
        with places.one("b"), pytest.raises(TooBusy, match="3 things"), places.one("c"):
            pass
        with contextlib.suppress(KeyError), places.one("b"):
            raise KeyError
        assert len(places) == 2
    assert len(places) == 0


@pytest.mark.parametrize("way", ["/runs", "/recipes/r/run", "/api/execute", "/api/run-recipe"])
async def test_every_way_to_start_a_run_knows_its_keys(idle: People, way: str):
    ann = idle["ann"]
    yaml = {"Content-Type": "application/yaml"}
    assert (await ann.post("/recipes/upload", content=RECIPE, headers=yaml)).status_code == 201
    plans = [await ann.post("/api/plan", json={"recipe": "r", "params": {"seconds": n}}) for n in (2, 3)]
    same, other = {
        "/runs": [{"recipe": "r", "params": {"seconds": n}} for n in (2, 3)],
        "/recipes/r/run": [{"params": {"seconds": n}} for n in (2, 3)],
        "/api/execute": [{"plan_id": plan.json()["plan_id"]} for plan in plans],
        "/api/run-recipe": [{"recipe_yaml": RECIPE, "params": {"seconds": n}} for n in (2, 3)],
    }[way]
    key = {"Idempotency-Key": "k"}
    answers = await asyncio.gather(*(ann.post(way, json=same, headers=key) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert (await ann.get("/runs")).json()["total"] == 1
    answer = await ann.post(way, json=other, headers=key)
    assert answer.status_code == 409
    assert "Idempotency-Key was sent before, with another request" in answer.json()["detail"]


async def test_a_key_is_its_users_and_is_forgotten(idle: People, blur: Blur, monkeypatch: pytest.MonkeyPatch):
    ann, bob, key = idle["ann"], idle["bob"], {"Idempotency-Key": "k"}
    cid = await upload(ann)
    await upload(bob)
    first = (await ann.post("/runs", json=blur(cid), headers=key)).json()["run_id"]
    assert (await bob.post("/runs", json=blur(cid), headers=key)).json()["run_id"] != first
    other = {"effect": "invert", "inputs": [cid]}
    assert (await ann.post("/runs", json=other, headers=key)).status_code == 409
    monkeypatch.setattr(keys, "LIFE", timedelta(0))
    answers = await asyncio.gather(*(ann.post("/runs", json=other, headers=key) for _ in range(2)))
    assert {answer.status_code for answer in answers} == {202}
    assert first not in {answer.json()["run_id"] for answer in answers}
    assert (await ann.get(f"/runs/{first}")).status_code == 200


def test_a_key_is_known_for_a_day():
    for age, gone in ((timedelta(0), False), (timedelta(hours=23.99), False), (timedelta(hours=24), True)):
        assert expired((datetime.now(UTC) - age).isoformat().replace("+00:00", "Z")) is gone


async def test_a_retry_that_is_sent_again_is_one_retry(idle: People, blur: Blur):
    ann, key = idle["ann"], {"Idempotency-Key": "k"}
    run_id = (await ann.post("/runs", json=blur(await upload(ann)))).json()["run_id"]
    await ann.post(f"/runs/{run_id}/cancel")
    retry = [ann.post(f"/runs/{run_id}/retry", headers=key) for _ in range(5)]
    assert {answer.status_code for answer in await asyncio.gather(*retry)} == {202}
    assert (await ann.post(f"/runs/{run_id}/retry", headers={"Idempotency-Key": "l"})).status_code == 409
    await ann.post(f"/runs/{run_id}/cancel")
    again = await ann.post(f"/runs/{run_id}/retry", headers=key)
    assert (again.status_code, again.json()["status"]) == (202, "cancelled")


def test_keys_of_retries_are_bounded_and_forgotten():
    time = [0.0]
    retries = Retries(lambda: time[0])
    first = Key.of(ANN, "0", {"retry": "r"})
    assert first is not None
    retries.note(first)
    assert retries.seen(first)
    other = Key.of(ANN, "0", {"retry": "other"})
    assert other is not None
    with pytest.raises(Conflict):
        retries.seen(other)
    time[0] = LIFE.total_seconds()
    assert not retries.seen(first)
    for number in range(RETRIES + 5):
        key = Key.of(ANN, str(number), {"retry": "r"})
        assert key is not None
        retries.note(key)
    assert not retries.seen(first)
    assert retries.seen(key)


async def cut(url: str, request: bytes, read: int) -> None:
    """Send a request and reset the connection after ``read`` bytes of the answer."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    await writer.drain()
    await reader.readexactly(read)
    writer.transport.abort()


@pytest.mark.parametrize("requests", [50, pytest.param(500, marks=pytest.mark.slow)])
async def test_a_request_whose_answer_was_cut_off_is_sent_again_and_makes_one_run(
    tmp_path: Path, crowded: Any, blur: Blur, requests: int
):
    limits = {"max_active_runs": requests, "max_active_runs_per_user": requests}
    async with crowded(tmp_path / "home", ["ann"], workers=0, **limits) as (node, people):
        ann = people["ann"]
        cid = await upload(ann)
        for number in range(requests):
            request = ann.build_request("POST", "/runs", json=blur(cid), headers={"Idempotency-Key": str(number)})
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            await cut(node.url, f"POST /runs HTTP/1.1\r\n{head}\r\n".encode() + request.content, number % 2)
            assert (await ann.send(request)).status_code == 202
        assert (await ann.get("/runs")).json()["total"] == requests


async def test_the_document_says_what_may_be_too_much(idle: People):
    paths = (await idle["ann"].get("/openapi.json")).json()["paths"]
    starting = [("post", way) for way in ("/runs", "/recipes/{recipe_id}/run", "/api/execute", "/api/run-recipe")]
    for method, path in [*starting, ("post", "/cache/upload")]:
        assert {"429", "507"} <= set(paths[path][method]["responses"]), path
    for method, path in [*starting, ("post", "/runs/{run_id}/retry"), ("get", "/api/run/{run_id}/events")]:
        answer = paths[path][method]["responses"]["429"]
        assert "application/problem+json" in answer["content"]
        assert "Retry-After" in answer["headers"]
    for method, path in starting:
        assert "409" in paths[path][method]["responses"], path
