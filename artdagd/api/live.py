"""A run that is watched while it renders."""

from __future__ import annotations

import re

from quart import Response

from artdagd.api.calls import Call
from artdagd.api.requests import LiveQuery
from artdagd.api.routes import Section
from artdagd.errors import NotFound, StepFailed, Unavailable
from artdagd.runs.watching import LiveView

section = Section("Live", "Runs watched while they render.")

PLAYLIST = "application/vnd.apple.mpegurl"
_ERRORS = (NotFound, Unavailable, StepFailed)


@section.route("GET", "/api/run/{run_id}/live", "See what can be watched of a run", errors=_ERRORS)
async def see_live_run(call: Call, run_id: str, query: LiveQuery) -> LiveView:
    """Which segments there are, and of which time. 503 with `Retry-After` before the run is planned; 404, which says
    why, if it can't be watched while it renders. Who waits for a segment asks again at least every four seconds:
    `wanted` says for which, and that one and those that follow it are rendered before others. Viewers take turns."""
    return await call.services.watching.view(run_id, call.who, query.wanted, query.viewer)


@section.route("GET", "/api/run/{run_id}/live.m3u8", "Watch a run while it renders", gives=PLAYLIST, errors=_ERRORS)
async def watch_run(call: Call, run_id: str) -> Response:
    """An HLS playlist (version 7, fragmented MP4) of the segments that are there; it grows, and ends with
    `#EXT-X-ENDLIST` when all are. The first one that it lacks is rendered before others while players ask again. 503
    with `Retry-After` while there is none; 404 if the run can't be watched so."""
    text = await call.services.watching.playlist(run_id, call.who)
    return _answer(text.encode(), PLAYLIST, "no-cache")


@section.route(
    "GET", "/api/run/{run_id}/live/{name}", "Get a fragment of a live stream", gives="video/mp4", errors=_ERRORS
)
async def get_live_fragment(call: Call, run_id: str, name: str) -> Response:
    """`init.mp4` has the headers, and its `Content-Type` the codecs; `N.m4s` is segment N, counted from 0. 503 with
    `Retry-After` for one that is not there yet: it is then rendered before others."""
    if name == "init.mp4":
        return _answer(*await call.services.watching.beginning(run_id, call.who), "private, max-age=3600")
    number = re.fullmatch(r"([0-9]{1,6})\.m4s", name)
    if number is None:
        raise NotFound(f"a live stream has init.mp4 and 0.m4s, 1.m4s and so on, but no {name[:40]!r}")
    data = await call.services.watching.fragment(run_id, int(number[1]), call.who)
    return _answer(data, "video/iso.segment", "private, max-age=3600")


def _answer(data: bytes, media_type: str, caching: str) -> Response:
    response = Response(data, 200, content_type=media_type)
    response.headers["Cache-Control"] = caching
    return response
