from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artdagd.api import files
from artdagd.runs.views import Content

DATA = random.Random(7).randbytes(3 * files.PIECE + 777)


@pytest.fixture
def cid(backing) -> str:
    return backing.library.put(DATA, "clip.mp4").entry.cid


async def test_the_whole_blob(client, cid):
    answer = await client.get(f"/cache/{cid}/raw")
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["etag"] == f'"{cid}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="clip.mp4"'


async def test_head_has_the_headers_and_no_body(client, cid):
    whole, head = await client.get(f"/cache/{cid}/raw"), await client.head(f"/cache/{cid}/raw")
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "etag", "content-type"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, len(DATA)),
        ("bytes=-5", len(DATA) - 5, len(DATA)),
        (f"bytes=-{len(DATA) * 9}", 0, len(DATA)),
        (f"bytes={files.PIECE - 1}-{files.PIECE * 2}", files.PIECE - 1, files.PIECE * 2 + 1),
        ("bytes=5-99999999999", 5, len(DATA)),
    ],
)
async def test_a_range(client, cid, asked, start, stop):
    answer = await client.get(f"/cache/{cid}/raw", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == DATA[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=-0", "bytes=99999999999-"])
async def test_a_range_outside_is_416(client, cid, asked):
    answer = await client.get(f"/cache/{cid}/raw", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 5000]
)
async def test_several_or_malformed_ranges_give_the_whole(client, cid, asked):
    answer = await client.get(f"/cache/{cid}/raw", headers={"Range": asked})
    assert answer.status_code == 200
    assert len(answer.content) == len(DATA)


async def test_conditions(client, cid):
    path, tag = f"/cache/{cid}/raw", f'"{cid}"'
    for condition in (tag, f'"other", W/{tag}', "*"):
        answer = await client.get(path, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    ranged = {"Range": "bytes=0-1"}
    assert (await client.get(path, headers=ranged | {"If-Range": tag})).status_code == 206
    assert (await client.get(path, headers=ranged | {"If-Range": '"other"'})).status_code == 200
    assert (await client.get(path, headers=ranged | {"If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"})).status_code == 200


async def test_an_empty_blob(client, backing):
    cid = backing.library.put(b"").entry.cid
    answer = await client.get(f"/cache/{cid}/raw")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert (await client.get(f"/cache/{cid}/raw", headers={"Range": "bytes=0-"})).status_code == 416


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/pdf", "evil\r\nX: y", "video/mp4; a=b"])
async def test_what_could_be_a_page_is_a_download(client, backing, kind):
    backing.library.media_type = kind
    name = 'a"\\%é\n\r日本.html'
    cid = backing.library.put(b"<script>", name).entry.cid
    headers = (await client.get(f"/cache/{cid}/raw")).headers
    assert headers["content-disposition"].startswith('attachment; filename="a____')
    assert "filename*=UTF-8''a%22%5C%25%C3%A9%E6%97%A5" in headers["content-disposition"]
    assert headers["content-security-policy"].startswith("sandbox")
    assert "x" not in headers


async def test_a_blob_that_was_deleted_meanwhile_is_404(client, backing, cid):
    (backing.library.folder / cid).unlink()
    assert (await client.get(f"/cache/{cid}/raw")).status_code == 404
    assert (await client.get("/cache/bnothere/raw")).status_code == 404


def open_files(path: str) -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}") == path
        except OSError:
            continue
    return found


async def test_a_reader_who_leaves_ends_the_reading(client, backing, until, monkeypatch):
    ended = []
    monkeypatch.setattr(files.FileBody, "__aexit__", spy(files.FileBody.__aexit__, ended))
    cid = backing.library.put(bytes(64 << 20)).entry.cid
    path = str(backing.library.folder / cid)
    async with client.stream("GET", f"/cache/{cid}/raw") as answer:
        await anext(answer.aiter_raw())
        assert open_files(path) == 1
    await until(lambda: open_files(path) == 0)
    assert ended[0]._at < 32 << 20  # of 64 MiB


def spy(method, seen):
    async def seeing(self, *arguments):
        seen.append(self)
        return await method(self, *arguments)

    return seeing


async def test_a_body_that_is_never_read_closes_its_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    path = str(tmp_path / "x")
    body = await files.FileBody.open(Content("x", path, 3, "video/mp4", None), 0, 3)
    assert open_files(path) == 1
    del body
    assert open_files(path) == 0


@pytest.mark.parametrize("nowait", [True, False])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bounds=st.tuples(st.integers(0, len(DATA)), st.integers(0, len(DATA))))
async def test_any_slice_with_and_without_the_page_cache(tmp_path, nowait, bounds):
    start, stop = sorted(bounds)
    (tmp_path / "x").write_bytes(DATA)
    body = await files.FileBody.open(Content("x", str(tmp_path / "x"), len(DATA), "video/mp4", None), start, stop)
    body._nowait = nowait
    async with body as pieces:
        got = [piece async for piece in pieces]
    assert b"".join(got) == DATA[start:stop]
    assert all(len(piece) <= files.PIECE for piece in got)
