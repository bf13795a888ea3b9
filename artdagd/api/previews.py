"""What browsers can show of a medium. Workers make it when it is first asked for; until then the answer is 202."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from quart import Response

from artdagd.api import files
from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.errors import BlobCorrupt, NotFound, StepFailed, TooBusy
from artdagd.runs import previews
from artdagd.steps.previews import THUMBNAILS

section = Section("Previews", "Media as browsers show them, made by workers and kept. 202 while one is being made.")

RETRY_AFTER = 2
"""Seconds after which to ask again."""

_ERRORS = (NotFound, BlobCorrupt, StepFailed, TooBusy)
_HEADERS = ("Range", "If-Range", "If-None-Match")


class Pending(msgspec.Struct, frozen=True):
    """A worker is at it. ``retry_after`` is in seconds, and also in the header."""

    status: Literal["rendering"]
    retry_after: int


class PosterQuery(msgspec.Struct, frozen=True):
    width: Annotated[Literal[160, 320, 640, 1280], msgspec.Meta(description="At most so many pixels wide.")] = 640


class ThumbnailsQuery(msgspec.Struct, frozen=True):
    width: Annotated[Literal[80, 160, 320], msgspec.Meta(description="Pixels of each picture.")] = 160


class WaveformQuery(msgspec.Struct, frozen=True):
    width: Annotated[Literal[320, 640, 1280, 2560], msgspec.Meta(description="Pixels.")] = 1280
    height: Annotated[Literal[64, 128, 256], msgspec.Meta(description="Pixels.")] = 128


@section.route(
    "GET", "/cache/{cid}/mp4", "Watch a medium", gives="video/mp4", errors=_ERRORS, headers=_HEADERS, later=Pending
)
async def watch_blob(call: Call, cid: str) -> Response:
    """The medium as H.264 and AAC in MP4, which starts while it loads; if it is that already, its own bytes. Ranges and
    conditions as for `/raw`."""
    return await _answer(call, cid, previews.mp4())


@section.route(
    "GET", "/cache/{cid}/poster", "Show a still", gives="image/jpeg", errors=_ERRORS, headers=_HEADERS, later=Pending
)
async def show_poster(call: Call, cid: str, query: PosterQuery) -> Response:
    """A JPEG of one good picture: of a few from all over the medium, the one with most to see."""
    return await _answer(call, cid, previews.poster(query.width))


@section.route(
    "GET",
    "/cache/{cid}/thumbnails",
    "Show a strip of stills",
    gives="image/jpeg",
    errors=_ERRORS,
    headers=_HEADERS,
    later=Pending,
)
async def show_thumbnails(call: Call, cid: str, query: ThumbnailsQuery) -> Response:
    """A JPEG of 20 pictures side by side, from left to right. Number i (from 0) is from (i + 1/2) / 20 of the duration.
    The header `Thumbnails` has their number; each is as wide as the whole divided by it, and as high as the whole."""
    answer = await _answer(call, cid, previews.thumbnails(query.width))
    answer.headers["Thumbnails"] = str(THUMBNAILS)
    return answer


@section.route(
    "GET", "/cache/{cid}/waveform", "Show the sound", gives="image/png", errors=_ERRORS, headers=_HEADERS, later=Pending
)
async def show_waveform(call: Call, cid: str, query: WaveformQuery) -> Response:
    """A transparent PNG of the whole sound from left to right: in each column from the least to the greatest sample."""
    return await _answer(call, cid, previews.waveform(query.width, query.height))


async def _answer(call: Call, cid: str, wanted: previews.Preview) -> Response:
    found = await call.services.previews.get(cid, wanted, call.who)
    if found is not None:
        return await files.content(call.request, found)
    response = Response(msgspec.json.encode(Pending("rendering", RETRY_AFTER)), 202, content_type="application/json")
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
