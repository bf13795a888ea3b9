"""Uploads that lie, never end, or are given up: nothing of them stays (E4, E5)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from attacks import Socket, head, memory, until
from daemons import daemon

from artdagd.api import body

FORM = {"content_type": "multipart/form-data; boundary=B"}
FILE = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
END = b"\r\n--B--\r\n"
DATA = b"d" * 300_000

Watched = tuple[Any, Any, httpx.AsyncClient]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def known(content: bytes, length: int | None = None) -> Callable[[str], bytes]:
    """An upload that says how long it is, or says ``length``."""
    said = len(content) if length is None else length
    return lambda token: head("POST", "/cache/upload", token, content_length=said, **FORM) + content


def chunked(content: bytes) -> Callable[[str], bytes]:
    return lambda token: head("POST", "/cache/upload", token, transfer_encoding="chunked", **FORM) + content


WHOLE = FILE + DATA + END
HOSTILE: dict[str, tuple[Callable[[str], bytes], bytes, bool]] = {
    # what is sent; how the answer begins; whether the client then goes away without listening
    "shorter than it is": (known(WHOLE, len(WHOLE) // 2), b"HTTP/1.1 400", False),
    "longer than it is": (known(WHOLE[:-10], len(WHOLE) + 5000), b"HTTP/1.1 408", False),
    "longer than allowed": (known(WHOLE, 1 << 40), b"HTTP/1.1 413", False),
    "of a length that is none": (known(WHOLE, -1), b"HTTP/1.1 400", False),
    "chunked without end": (chunked(chunk(FILE) + chunk(DATA) * 20), b"HTTP/1.1 413", False),
    "chunked wrongly": (chunked(chunk(FILE) + b"zz\r\n" + DATA), b"HTTP/1.1 400", False),
    "a chunk of all there is": (chunked(chunk(FILE) + b"fffffffffffffffff\r\n" + DATA * 20), b"HTTP/1.1 4", False),
    "given up at 99 %": (known(WHOLE[: len(WHOLE) * 99 // 100], len(WHOLE)), b"", True),
    "a form without an end": (known(FILE + DATA), b"HTTP/1.1 400", False),
    "two files": (known(FILE + DATA + b"\r\n" + WHOLE), b"HTTP/1.1 400", False),
    "headers without end": (known(b"--B\r\nX-A: " + b"y" * (1 << 20)), b"HTTP/1.1 400", False),
    "a boundary that never comes": (known(DATA), b"HTTP/1.1 400", False),
}


def left(node: Any) -> list[Path]:
    """Files of the store that hold more than a few bytes."""
    return [path for path in node.settings.cache.rglob("*") if path.is_file() and path.stat().st_size >= 1000]


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
async def test_nothing_of_a_hostile_upload_stays(watched: Watched, monkeypatch: pytest.MonkeyPatch, times: int):
    monkeypatch.setattr(body, "GRACE", 1.0)
    app, node, http = watched
    token = http.headers["Authorization"].split()[1]

    async def attack(kind: str) -> None:
        make, expected, leaves = HOSTILE[kind]
        one = Socket(node.url)
        await one.open()
        with contextlib.suppress(ConnectionError):  # it may be refused before all of it was sent
            await one.send(make(token))
            assert leaves or (await one.head()).startswith(expected), kind
        one.reset()

    for _ in range(times):
        await asyncio.gather(*map(attack, HOSTILE))
    await until(lambda: len(app.uploads) == 0)
    await until(lambda: not left(node))
    assert (await http.get("/media")).json()["total"] == 0
    assert (await http.post("/cache/upload", files={"file": DATA})).status_code == 201


async def test_uploads_at_once_are_bounded(watched: Watched):
    app, node, http = watched
    app.uploads = type(app.uploads)("uploads under way", 3, 2)
    token = http.headers["Authorization"].split()[1]
    slow = [Socket(node.url) for _ in range(2)]
    for one in slow:
        await one.open()
        await one.send(head("POST", "/cache/upload", token, content_length=len(WHOLE), **FORM) + FILE)
    await until(lambda: len(app.uploads) == 2)
    answer = await http.post("/cache/upload", files={"file": DATA})
    assert answer.status_code == 429
    assert "admin has 2 uploads under way" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    await slow[0].send(DATA + END)
    assert (await slow[0].head()).startswith(b"HTTP/1.1 201")
    for one in slow:
        one.reset()
    await until(lambda: len(app.uploads) == 0)


async def test_a_quota_holds_for_what_is_here_and_what_arrives(crowded: Any, tmp_path: Path):
    async with crowded(tmp_path / "home", ["ann", "bob"], workers=0, user_quota_bytes=1_000_000) as (_, people):

        async def upload(name: str, size: int, fill: int = 0) -> httpx.Response:
            return await people[name].post("/cache/upload", files={"file": bytes([fill]) * size})

        together = await asyncio.gather(*(upload("ann", 400_000, n) for n in range(4)))
        accepted = [answer for answer in together if answer.status_code == 201]
        assert 1 <= len(accepted) <= 2
        assert {answer.status_code for answer in together} == {201, 507}
        while (await upload("ann", 400_000, len(accepted) + 10)).status_code == 201:
            pass
        refused = await upload("ann", 400_000, 99)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert "ann uses 800000 bytes of a quota of 1000000" in refused.json()["detail"]
        assert "Retry-After" not in refused.headers
        assert (await upload("bob", 900_000)).status_code == 201
        assert (await upload("admin", 1_500_000)).status_code == 201
        items = (await people["ann"].get("/media")).json()["items"]
        assert (await upload("ann", 200_000, 100)).status_code == 201
        cid = items[0]["cid"]
        run = {"effect": "blur", "inputs": [cid]}
        full = await people["ann"].post("/runs", json=run)
        assert (full.status_code, full.json()["title"]) == (507, "Storage full")
        assert (await people["ann"].delete(f"/cache/{items[1]['cid']}")).status_code == 204
        assert (await people["ann"].post("/runs", json=run)).status_code == 202


@pytest.mark.parametrize("size", [48 << 20, pytest.param(8 << 30, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
async def test_a_large_upload_takes_no_memory(tmp_path: Path, size: int):
    async with daemon(tmp_path / "home", workers=0) as (process, http):
        piece, most, before = b"\0" * (1 << 20), 0, 0

        async def content() -> Any:
            nonlocal most, before
            yield FILE
            for number in range(size >> 20):
                yield piece
                if number == 32:
                    before = memory(process.pid)
                if number > 32 and number % 16 == 0:
                    most = max(most, memory(process.pid) - before)
            yield END

        headers = {"Content-Type": FORM["content_type"]}
        answer = await http.post("/cache/upload", content=content(), headers=headers, timeout=600)
        assert answer.status_code == 201
        assert answer.json()["size"] == size
        print(f"{most >> 20} MiB more at most, for {size >> 20} MiB")
        assert most < 32 << 20
