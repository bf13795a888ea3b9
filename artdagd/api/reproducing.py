"""Whether what a run made comes out again."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from quart import Response

from artdagd.api import sse
from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.errors import NotFound, TooBusy
from artdagd.runs.reproducing import ReproduceRequest
from artdagd.runs.verdicts import Advance, Compared, PartCompared, Told
from artdagd.runs.views import Event

section = Section("Verification", "Whether what a run made comes out again, to the byte.")

INTERVAL = 0.5
"""Seconds between two events that tell how far it is."""

EVENTS: dict[type[Told], str] = {Compared: "step", PartCompared: "part", Advance: "progress"}


@section.route(
    "POST",
    "/api/verify",
    "Render a run again and compare",
    scope="write",
    gives="text/event-stream",
    errors=(NotFound, TooBusy),
)
async def verify_run(call: Call, body: ReproduceRequest) -> Response:
    """Renders all that a completed run stored anew, from its provenance record alone (`run_id`, or the record's own
    `provenance_cid`), without looking at what is cached, and compares CIDs. Records and results stay as they are.

    With `segments`, only so many of each result that is made in segments, and its sound, are rendered, and compared
    with the parts that the record names; the result itself where those are all. They are chosen by chance, or by
    `seed`. What is made in one piece is rendered whole. A record that names no segments can't be sampled: 400 says why.

    Server-sent events: `step` for each result, with its CID as `recorded` and as `rendered`, whether they are `equal`,
    and the `error` where there is none; `part` for each segment and sound, likewise; `progress`; at last `done`, with
    `equal` for all of them together, the `versions` of libraries and implementations that differ from those recorded,
    in `results` how much of each was rendered, and the `seed`. It ends early when the listener goes.
    """
    call.hold(call.app.streams)
    found = await call.services.reproducer.begin(body, call.who)
    allowed = call.services.authority.watch(call.who)
    return sse.stream(_told(found), call.app.draining, allowed)


async def _told(found: AsyncGenerator[Told]) -> AsyncGenerator[Event]:
    told, number = 0.0, 0
    async with aclosing(found) as items:
        async for one in items:
            if isinstance(one, Advance):
                if time.monotonic() - told < INTERVAL:
                    continue
                told = time.monotonic()
            number += 1
            yield Event(number, EVENTS.get(type(one), "done"), msgspec.to_builtins(one))
