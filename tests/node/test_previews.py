"""Previews made by a real worker: the right pictures, and the right refusals."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import av
import httpx
import numpy
import pytest
from clips import click_track, numbered_clip, read_numbers

from artdagd.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def node(module_node: Any) -> Any:
    return module_node


async def get(person: Any, path: str, tries: int = 200) -> httpx.Response:
    """The answer once it is made."""
    for _ in range(tries):
        answer = await person.http.get(path)
        if answer.status_code != 202:
            return answer
        assert answer.headers["retry-after"]
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} is never ready")


def picture(data: bytes, format: str = "rgb24") -> numpy.ndarray:
    with av.open(io.BytesIO(data)) as file:
        return next(file.decode(video=0)).to_ndarray(format=format)


def dark_then_numbered(path: Path) -> Path:
    """Half a second of black, then pictures with something in them."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=20)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(20):
            image = numpy.zeros((64, 96, 3), numpy.uint8)
            if number >= 10:
                image[:, : 4 * number] = 255
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        file.mux(stream.encode(None))
    return path


async def test_pictures_of_a_clip(node: tuple[Node, Any], tmp_path: Path) -> None:
    _, person = node
    cid = await person.upload(dark_then_numbered(tmp_path / "clip.mkv"))
    poster = await get(person, f"/cache/{cid}/poster?width=160")
    assert poster.headers["content-type"] == "image/jpeg"
    assert poster.headers["content-disposition"] == 'inline; filename="clip.jpg"'
    seen = picture(poster.content)
    assert seen.shape == (64, 96, 3), "it is never enlarged"
    assert seen.max() > 200, "the beginning is black, and not shown"
    strip = await get(person, f"/cache/{cid}/thumbnails?width=80")
    seen = picture(strip.content)
    count = int(strip.headers["thumbnails"])
    assert seen.shape[1] == 80 * count
    bright = [seen[:, 80 * i : 80 * (i + 1)].mean() > 30 for i in range(count)]
    assert bright == [i >= count // 2 for i in range(count)]
    made = await get(person, f"/cache/{cid}/mp4")
    assert made.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(made.content)) as file:
        assert [stream.codec_context.name for stream in file.streams] == ["h264"]
        assert sum(1 for _ in file.decode(video=0)) == 20
    assert (await get(person, f"/cache/{cid}/waveform")).status_code == 404


async def test_the_waveform_of_a_sound(node: tuple[Node, Any], tmp_path: Path) -> None:
    _, person = node
    cid = await person.upload(click_track(tmp_path / "clicks.flac", [0.25, 0.75], 1.0))
    answer = await get(person, f"/cache/{cid}/waveform?width=320&height=64")
    assert answer.headers["content-type"] == "image/png"
    alpha = picture(answer.content, "rgba")[..., 3]
    assert alpha.shape == (64, 320)
    loud = {column for column in range(320) if alpha[:, column].sum() > 255 * 8}
    assert min(loud) == 80
    assert {80, 240} <= loud <= {*range(79, 90), *range(239, 250)}
    assert (alpha.max(0) == 255).all(), "silence is a line"
    for path in ("mp4", "poster", "thumbnails"):
        answer = await get(person, f"/cache/{cid}/{path}")
        assert answer.status_code == 404
        assert "without picture" in answer.json()["detail"]


async def test_what_plays_already_is_served_as_it_is(node: tuple[Node, Any], tmp_path: Path) -> None:
    _, person = node
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    late = await person.upload(clip)
    made = await get(person, f"/cache/{late}/mp4")
    assert made.headers["etag"] != f'"{late}"', "its index stands at its end"
    assert made.content.index(b"moov") < made.content.index(b"mdat")
    (tmp_path / "web.mp4").write_bytes(made.content)
    assert [number for _, number in read_numbers(tmp_path / "web.mp4")] == list(range(10))
    web = await person.upload(tmp_path / "web.mp4")
    assert (await get(person, f"/cache/{web}/mp4")).headers["etag"] == f'"{web}"'


async def test_what_is_no_medium_has_no_previews(node: tuple[Node, Any], tmp_path: Path) -> None:
    _, person = node
    (tmp_path / "a.txt").write_bytes(b"no media")
    text = await person.upload(tmp_path / "a.txt")
    for path in ("mp4", "poster", "thumbnails", "waveform"):
        assert (await get(person, f"/cache/{text}/{path}")).status_code == 404


async def test_a_still_has_a_poster_and_plays_not_while_a_gif_does(node: tuple[Node, Any], tmp_path: Path) -> None:
    _, person = node
    with av.open(str(tmp_path / "a.gif"), "w") as file:
        stream = file.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8"
        for number in range(5):
            image = numpy.full((48, 64, 3), 40 * number, numpy.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="rgb8")))
        file.mux(stream.encode(None))
    gif = await person.upload(tmp_path / "a.gif")
    with av.open(io.BytesIO((await get(person, f"/cache/{gif}/mp4")).content)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 5
    (tmp_path / "still.jpg").write_bytes((await get(person, f"/cache/{gif}/poster")).content)
    still = await person.upload(tmp_path / "still.jpg")
    assert picture((await get(person, f"/cache/{still}/poster")).content).shape == (48, 64, 3)
    answer = await get(person, f"/cache/{still}/mp4")
    assert answer.status_code == 404
    assert "still picture" in answer.json()["detail"]
