from __future__ import annotations

import asyncio
import gc
import socket

import httpx
import pytest

from artdagd.api import server, sse
from artdagd.api.app import create_app
from artdagd.api.files import FileBody
from artdagd.api.server import Listener
from artdagd.errors import ConfigError
from artdagd.runs.views import Event

PATH = "/api/run/run-1/events"


async def test_events_arrive_as_they_happen_and_end_with_the_run(client, backing):
    async with client.stream("GET", PATH) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-cache" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        assert await anext(lines) == ""
        await backing.runs.queue.put(Event(4, "step", {"text": "a\nb"}))
        assert [await anext(lines) for _ in range(4)] == ["event: step", "id: 4", 'data: {"text":"a\\nb"}', ""]
        await backing.runs.queue.put(None)
        assert [line async for line in lines] == []
    assert backing.runs.listeners == 0


async def test_a_listener_resumes(client, backing):
    await backing.runs.queue.put(None)
    await client.get(PATH, headers={"Last-Event-ID": "17"})
    assert backing.runs.after == 17
    for text in ("x", "-1", "1" * 19, "1.5"):
        assert (await client.get(PATH, headers={"Last-Event-ID": text})).status_code == 400


async def test_an_unknown_run_is_404_before_the_stream(client):
    assert (await client.get("/api/run/other/events")).status_code == 404


async def test_silence_is_filled_with_comments(client, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT", 0.02)
    async with client.stream("GET", PATH) as answer:
        lines = answer.aiter_lines()
        seen = [await anext(lines) for _ in range(6)]
    assert seen.count(": heartbeat") == 2


async def test_listeners_who_leave_leave_nothing_behind(client, backing, until):
    before = asyncio.all_tasks()
    for _ in range(30):
        backing.runs.listening.clear()
        backing.runs.left.clear()
        async with asyncio.timeout(30):
            async with client.stream("GET", PATH):
                await backing.runs.listening.wait()
            await backing.runs.left.wait()
    assert backing.runs.listeners == 0
    # What is left serves the client's one idle connection.
    await until(lambda: len(asyncio.all_tasks() - before) <= 2)


async def test_a_stream_outlives_the_frameworks_time_limit(app, client, backing):
    app.config["RESPONSE_TIMEOUT"] = 0.05
    async with client.stream("GET", PATH) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        await asyncio.sleep(0.2)
        await backing.runs.queue.put(Event(1, "run", {}))
        await anext(lines)
        assert await anext(lines) == "event: run"


async def test_closing_ends_streams_at_once_and_lets_answers_finish(backing):
    listener = Listener(create_app(backing.services()), "127.0.0.1", 0)
    address = await listener.start()
    headers = {"Authorization": "Bearer good"}
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as client,
        client.stream("GET", PATH) as answer,
    ):
        await backing.runs.listening.wait()
        async with asyncio.timeout(server.DRAIN / 2):
            await listener.close()
            await answer.aread()
    assert backing.runs.listeners == 0
    host, port = address.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_a_port_that_is_taken_is_a_clear_error(address, app):
    port = int(address.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
        await Listener(app, "127.0.0.1", port).start()


async def test_a_reader_who_stops_reading_is_cut_off(backing, monkeypatch, until):
    monkeypatch.setattr(server, "STALL_MS", 300)
    cid = backing.library.put(bytes(64 << 20)).entry.cid
    listener = Listener(create_app(backing.services()), "127.0.0.1", 0)
    host, port = (await listener.start()).removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    with socket.create_connection((host, int(port))) as stuck:
        stuck.setblocking(False)
        await loop.sock_sendall(
            stuck, b"GET /cache/%s/raw HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n\r\n" % cid.encode()
        )
        assert b" 200 " in await loop.sock_recv(stuck, 100)
        bodies = [item for item in gc.get_objects() if type(item) is FileBody]  # isinstance would ask proxies
        assert len(bodies) == 1
        await until(lambda: bodies[0]._file < 0)
    await listener.close()
