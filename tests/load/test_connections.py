"""Clients that are slow on purpose, that go away, and that are too many (E1, E3)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from attacks import Socket, head, latencies, memory, until, until_gone
from daemons import daemon

from artdagd.api import body, connections, server

MOST_SECONDS = 60

Crowd = Any


def loris(token: str) -> list[tuple[bytes, bytes]]:
    """What to send at once, and what to drip, for each way to be slow."""
    form = {"content_type": "multipart/form-data; boundary=B", "content_length": 1 << 20}
    json = {"content_type": "application/json", "content_length": 1 << 20}
    return [
        (b"", b""),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
        (head("GET", "/healthz"), b""),
        (head("GET", "/healthz") + b"GET /hea", b"l"),
        (head("POST", "/runs", token, **json), b" "),
        (head("POST", "/runs", **json), b" "),
        (head("GET", "/healthz", content_length=1 << 20), b"x"),
        (head("POST", "/cache/upload", token, **form) + b"--B\r\n", b"x"),
        (head("POST", "/cache/upload", token, transfer_encoding="chunked", content_type=form["content_type"]), b"1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""),
        (head("GET", "/healthz", connection="Upgrade, HTTP2-Settings", upgrade="h2c", http2_settings="AAA"), b""),
    ]


async def attack(url: str, token: str, sockets: int) -> tuple[list[float], list[float]]:
    """``sockets`` slow clients at once: after how many seconds each was gone, and how long ``/healthz`` took."""
    ways = loris(token)
    done = asyncio.Event()
    watching = asyncio.create_task(latencies(url, done.is_set))
    gone = await asyncio.gather(*(until_gone(Socket(url), *ways[n % len(ways)]) for n in range(sockets)))
    done.set()
    return [seconds for _, seconds in gone], sorted(await watching)


async def test_slow_clients_are_cut_off_and_others_served_meanwhile(
    crowded: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With shorter times than a node has: see the long form for those."""
    monkeypatch.setattr(body, "GRACE", 1.0)
    monkeypatch.setattr(body, "LINGER", 1.0)
    monkeypatch.setattr(server, "IDLE", 1.0)
    async with crowded(tmp_path / "home", [], workers=0) as (node, people):
        token = people["admin"].headers["Authorization"].split()[1]
        gone, taken = await attack(node.url, token, 100)
    assert max(gone) < 20
    assert taken[len(taken) // 2] < 1, taken


@pytest.mark.slow
async def test_500_slow_clients_are_gone_within_a_minute(tmp_path: Path):
    async with daemon(tmp_path / "home", workers=0) as (process, http):
        before = memory(process.pid)
        token = http.headers["Authorization"].split()[1]
        gone, taken = await attack(str(http.base_url), token, 500)
        print(f"the last was gone after {max(gone):.1f} s; /healthz p50 {taken[len(taken) // 2] * 1000:.1f} ms, "
              f"p99 {taken[len(taken) * 99 // 100] * 1000:.1f} ms of {len(taken)}; "
              f"{(memory(process.pid) - before) >> 20} MiB more")  # fmt: skip
    assert max(gone) < MOST_SECONDS
    assert taken[len(taken) * 99 // 100] < 2.5


@pytest.fixture
async def streamed(watched: Crowd, blur: Any) -> tuple[Any, str, str, bytes]:
    """A node's app, its address, and the request that follows a run which doesn't end."""
    app, node, http = watched
    cid = (await http.post("/cache/upload", files={"file": b"x"})).json()["cid"]
    run_id = (await http.post("/runs", json=blur(cid))).json()["run_id"]
    token = http.headers["Authorization"].split()[1]
    return app, node.url, run_id, head("GET", f"/api/run/{run_id}/events", token)


@pytest.mark.parametrize("streams", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("way", ["reset at once", "reset", "closed", "half-closed", "pipelined and reset"])
async def test_streams_that_are_abandoned_leave_nothing(
    streamed: tuple[Any, str, str, bytes], way: str, streams: int, monkeypatch: pytest.MonkeyPatch
):
    app, url, _, request = streamed
    app.streams = type(app.streams)("event streams open", streams, streams)
    monkeypatch.setattr("artdagd.api.sse.HEARTBEAT", 0.5)
    before = len(asyncio.all_tasks())

    async def abandon() -> None:
        one = Socket(url)
        await one.open()
        await one.send(request + (head("GET", "/healthz") if way.startswith("pipelined") else b""))
        if way != "reset at once":
            assert b"200" in await one.head()
        if way == "half-closed":
            one.finish()
            await one.rest()
        one.close() if way == "closed" else one.reset()

    for _ in range(streams // 50):
        await asyncio.gather(*(abandon() for _ in range(50)))
    await until(lambda: len(app.streams) == 0)
    await until(lambda: len(asyncio.all_tasks()) <= before + 2)


async def test_streams_of_one_user_are_bounded(streamed: tuple[Any, str, str, bytes]):
    app, url, _, request = streamed
    app.streams = type(app.streams)("event streams open", 4, 3)
    open_ones = [Socket(url) for _ in range(3)]
    for one in open_ones:
        await one.open()
        await one.send(request)
        assert b" 200 " in await one.head()
    late = Socket(url)
    await late.open()
    await late.send(request)
    answer = await late.head()
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"retry-after: " in answer.lower()
    late.close()
    open_ones.pop().reset()
    await until(lambda: len(app.streams) == 2)
    for one in open_ones:
        one.close()


async def test_connections_are_bounded_and_more_are_told_so(
    crowded: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "MOST", 10)
    monkeypatch.setattr(connections, "REFUSING", 5)
    async with crowded(tmp_path / "home", [], workers=0) as (node, _):
        held = [Socket(node.url) for _ in range(10)]
        for one in held:
            await one.open()
            await one.send(head("GET", "/healthz"))
            assert b" 200 " in await one.head()
        async with httpx.AsyncClient(base_url=node.url, trust_env=False) as http:
            answer = await http.get("/healthz")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "connections" in answer.json()["detail"]
        more = [Socket(node.url) for _ in range(8)]
        for one in more:
            await one.open()
        assert [await one.rest() != b"" for one in more].count(True) == 5
        for one in [*held, *more]:
            one.close()

        async def served() -> bool:
            async with httpx.AsyncClient(base_url=node.url, trust_env=False) as http:
                return (await http.get("/healthz")).status_code == 200

        async with asyncio.timeout(10):
            while not await served():
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("clients", [100, pytest.param(500, marks=pytest.mark.slow)])
async def test_a_node_with_few_file_descriptors_sheds_and_recovers(tmp_path: Path, clients: int):
    async with daemon(tmp_path / "home", workers=1, files=64) as (process, http):
        url = str(http.base_url)
        ones = [Socket(url) for _ in range(clients)]
        answers = []
        for one in ones:
            await one.open()
            await one.send(head("GET", "/healthz"))
        for one in ones:
            answers.append((await one.head())[:12])
        assert set(answers) <= {b"HTTP/1.1 200", b"HTTP/1.1 503", b""}
        assert answers.count(b"HTTP/1.1 200") >= 8
        assert answers.count(b"HTTP/1.1 503") >= 1
        for one in ones:
            one.close()

        async with asyncio.timeout(10):
            while b" 200 " not in await asked(url):
                await asyncio.sleep(0.05)
        cid = (await http.post("/cache/upload", files={"file": b"x" * 100_000})).json()["cid"]
        assert len((await http.get(f"/cache/{cid}/raw")).content) == 100_000
        assert process.poll() is None


async def asked(url: str) -> bytes:
    one = Socket(url)
    await one.open()
    await one.send(head("GET", "/healthz"))
    answer = await one.head()
    one.close()
    return answer


async def test_nobody_is_served_over_http2(watched: Crowd):
    """A stalled stream of HTTP/2 would hold its place for ever."""
    _, node, _ = watched
    for request in (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        head("GET", "/healthz", connection="Upgrade, HTTP2-Settings", upgrade="h2c", http2_settings="AAA"),
    ):
        one = Socket(node.url)
        await one.open()
        await one.send(request)
        assert (await one.head()).startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
        one.close()
