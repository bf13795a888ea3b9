"""The HTTP side of previews: what is asked for, what is answered while it is made, and how it is served."""

from __future__ import annotations

import pytest

from artdagd.runs import previews
from artdagd.runs.views import Content

DATA = bytes(range(256)) * 9


@pytest.fixture
def ready(backing, tmp_path):
    (tmp_path / "made").write_bytes(DATA)
    backing.previews.made = Content("bmade", str(tmp_path / "made"), len(DATA), "video/mp4", "clip.mp4")
    return backing.previews


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("mp4", previews.mp4()),
        ("poster", previews.poster(640)),
        ("poster?width=160", previews.poster(160)),
        ("thumbnails", previews.thumbnails(160)),
        ("thumbnails?width=320", previews.thumbnails(320)),
        ("waveform", previews.waveform(1280, 128)),
        ("waveform?width=320&height=64", previews.waveform(320, 64)),
    ],
)
async def test_what_is_asked_for(client, ready, path, wanted):
    answer = await client.get(f"/cache/b1/{path}")
    assert answer.status_code == 200
    assert ready.asked == [("b1", wanted, "ann")]
    assert answer.content == DATA
    assert answer.headers["etag"] == '"bmade"'
    assert answer.headers.get("thumbnails") == ("20" if path.startswith("thumbnails") else None)


async def test_ranges_and_conditions_as_for_raw(client, ready):
    answer = await client.get("/cache/b1/mp4", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, DATA[10:20])
    assert (await client.get("/cache/b1/mp4", headers={"If-None-Match": '"bmade"'})).status_code == 304


@pytest.mark.parametrize("path", ["mp4", "poster", "thumbnails", "waveform"])
async def test_while_it_is_made(client, path):
    answer = await client.get(f"/cache/b1/{path}")
    assert answer.status_code == 202
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"status": "rendering", "retry_after": 2}


@pytest.mark.parametrize("path", ["poster?width=641", "thumbnails?width=1", "waveform?height=100000", "poster?width=x"])
async def test_sizes_are_a_few(client, ready, path):
    answer = await client.get(f"/cache/b1/{path}")
    assert answer.status_code == 400
    assert ready.asked == []


async def test_a_size_that_is_none_of_them_is_answered_with_the_sizes(client, ready):
    answer = await client.get("/cache/b1/poster?width=641")
    assert answer.json()["advice"] == "Choose width from 160, 320, 640, 1280."


async def test_without_a_token_or_a_medium(client, ready):
    assert (await client.get("/cache/b1/mp4", headers={"Authorization": ""})).status_code == 401
    assert (await client.get("/cache/bnothere/poster")).status_code == 404


async def test_the_document_tells_of_the_wait(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    for name in ("mp4", "poster", "thumbnails", "waveform"):
        responses = paths[f"/cache/{{cid}}/{name}"]["get"]["responses"]
        assert {"200", "202", "206", "304", "404", "422", "429"} <= responses.keys()
        assert "Retry-After" in responses["202"]["headers"]
