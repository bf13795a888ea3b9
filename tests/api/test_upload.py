from __future__ import annotations

import asyncio

import httpx
import pytest

from artdagd.api import body as bodies
from artdagd.api.uploads import clean
from artdagd.errors import StorageFull

TYPE = {"Content-Type": "multipart/form-data; boundary=B"}
HEAD = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
OTHER = b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
END = b"\r\n--B--\r\n"


def stored(backing) -> list[bytes]:
    return [(backing.library.folder / cid).read_bytes() for cid in backing.library.entries]


async def send(client, content, **headers: str) -> httpx.Response:
    return await client.post("/cache/upload", content=content, headers=TYPE | headers)


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
async def test_a_file_arrives_whole(client, backing, size):
    data = (b"\r\n--B\r\r\n-" * (size // 9 + 1))[:size]
    data = data.replace(b"\r\n--B\r", b"\r\n--C\r")
    answer = await client.post("/cache/upload", files={"file": ("dir/clip.mp4", data)})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["size"], body["filename"], body["existed"], body["ipfs_cid"]) == (size, "clip.mp4", False, None)
    assert stored(backing) == [data]
    again = await client.post("/cache/upload", files={"file": data})
    assert again.json()["existed"] is True
    assert again.json()["cid"] == body["cid"]


@pytest.mark.parametrize("piece", [1, 7, 64])
async def test_boundaries_may_be_cut_anywhere(client, backing, piece):
    data = b"\r\n--A\r\n--BB\n\r" * 3
    form = OTHER + b"hello\r\n" + HEAD + data + b"\r\n" + OTHER + b"bye" + END

    async def pieces():
        for at in range(0, len(form), piece):
            yield form[at : at + piece]
            await asyncio.sleep(0)

    assert (await send(client, pieces())).status_code == 201
    assert stored(backing) == [data]


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        (HEAD + b"data", 400, "cut off"),
        (HEAD[:30], 400, "cut off"),
        (b"", 400, "cut off"),
        (OTHER + b"x" + END, 400, "no field 'file'"),
        (b"--B--\r\n", 400, "no field 'file'"),
        (HEAD + b"one\r\n" + HEAD + b"two" + END, 400, "one file"),
        (b"x" * 100_000, 400, "boundary"),
        (b"--B\r\n" + b"X-A: " + b"y" * (3 << 20) + b"\r\n\r\n", 400, "too long"),
        (b"--B\r\nX-A: y\r\n\r\ndata" + END, 400, "Content-Disposition"),
        (b"--B\r\nContent-Disposition: \xff\r\n\r\ndata" + END, 400, "malformed"),
        (HEAD + b"x" * ((3 << 20) + 1) + END, 413, "larger than 3145728"),
        (OTHER + b"x" * (300 << 10) + END, 413, "larger than"),
        ((OTHER + b"x\r\n") * 30 + END, 413, ""),
        (HEAD + b"x\r\n" + OTHER + b"x" * (300 << 10) + END, 413, "larger than"),
    ],
)
async def test_a_bad_form_is_refused_and_nothing_is_kept(client, backing, form, status, said):
    answer = await send(client, form)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert backing.library.entries == {}


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 71, "text/plain", ""])
async def test_what_is_no_form_is_refused(client, kind):
    answer = await client.post("/cache/upload", content=b"x", headers={"Content-Type": kind})
    assert answer.status_code in (400, 415)


async def test_a_stranger_stores_nothing(client, backing):
    answer = await send(client, HEAD + b"x" + END, Authorization="Bearer wrong")
    assert answer.status_code == 401
    assert not backing.library.started.is_set()


async def test_a_large_upload_is_refused_before_it_is_sent(address):
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /cache/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n"
        b"Content-Length: 99999999999\r\nContent-Type: multipart/form-data; boundary=B\r\nExpect: 100-continue\r\n\r\n"
    )
    async with asyncio.timeout(30):
        answer = await reader.read()
    assert b" 413 " in answer
    writer.close()


async def test_a_client_who_vanishes_leaves_nothing(address, backing, until):
    host, port = address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /cache/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\nContent-Length: 9999\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n" + HEAD + b"half"
    )
    await until(backing.library.started.is_set)
    writer.close()
    await until(lambda: backing.library.abandoned == 1)
    assert backing.library.entries == {}


async def test_a_full_disk_is_507(client, backing):
    backing.library.error = StorageFull("no room")
    assert (await send(client, HEAD + b"x" * 100_000 + END)).status_code == 507


async def test_a_body_that_drips_is_cut_off(address, backing, monkeypatch):
    monkeypatch.setattr(bodies, "GRACE", 0.2)
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /cache/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\nContent-Length: 9999\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n" + HEAD
    )

    async def drip():
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(30):
        answer = await reader.read(4096)
    dripping.cancel()
    assert b" 408 " in answer
    assert b"Request too slow" in answer
    assert backing.library.entries == {}
    writer.close()


async def test_a_slow_disk_holds_the_sender_back(client, backing):
    """Not the memory grows, but the socket waits."""
    most = 0

    class Watching(bodies.ArrivingBody):
        def append(self, data: bytes) -> None:
            nonlocal most
            super().append(data)
            most = max(most, len(self._data))

    receive = backing.library.receive

    async def slowly(chunks, **about):
        async def paced():
            async for chunk in chunks:
                for _ in range(50):
                    await asyncio.sleep(0)
                yield chunk

        return await receive(paced(), **about)

    backing.library.receive = slowly
    original, bodies.ArrivingRequest.body_class = bodies.ArrivingRequest.body_class, Watching
    limit, bodies.READ_AHEAD = bodies.READ_AHEAD, 128 << 10
    try:
        assert (await send(client, HEAD + b"x" * (3 << 20) + END)).status_code == 201
    finally:
        bodies.ArrivingRequest.body_class, bodies.READ_AHEAD = original, limit
    assert 0 < most <= (128 << 10) + (64 << 10)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\clips\\a.mp4", "a.mp4"),
        ("a\0b\n.mp4", "ab.mp4"),
        ("", None),
        ("dir/", None),
        ("x" * 300 + ".mp4", "x" * 251 + ".mp4"),
    ],
)
def test_names_lose_folders_and_control_characters(name, kept):
    assert clean(name) == kept


async def test_meta_and_delete(client):
    cid = (await client.post("/cache/upload", files={"file": b"abc"})).json()["cid"]
    assert (await client.patch(f"/cache/{cid}/meta", json={"title": "T"})).json()["title"] == "T"
    assert (await client.patch(f"/cache/{cid}/meta", json={"tags": ["a"]})).json() == {
        "title": "T", "description": "", "tags": ["a"], "metadata": {}, "pinned": False,
    }  # fmt: skip
    assert (await client.patch(f"/cache/{cid}/meta", json={"titel": "T"})).json()["errors"][0]["loc"] == "titel"
    assert (await client.get("/media?kind=video")).json()["total"] == 1
    assert (await client.get("/media?kind=audio")).json()["total"] == 0
    answer = await client.delete(f"/cache/{cid}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(f"/cache/{cid}")).status_code == 404


async def test_a_form_of_too_many_parts_is_told_so(client, backing):
    answer = await client.post("/cache/upload", files=[(f"field{n}", b"x") for n in range(20)])
    assert answer.status_code == 413
    assert "16 parts" in answer.json()["detail"]
    assert backing.library.entries == {}
