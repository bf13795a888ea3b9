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
from artdagd.runs.reproducing import Advance, Compared, ReproduceRequest, Told
from artdagd.runs.views import Event

section = Section("Verification", "Whether what a run made comes out again, to the byte.")

INTERVAL = 0.5
"""Seconds between two events that tell how far it is."""


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

    Server-sent events: `step` for each result, with its CID as `recorded` and as `rendered`, whether they are `equal`,
    and the `error` where there is none; `progress`; at last `done`, with `equal` for all of them together and the
    `versions` of libraries and implementations that differ from those recorded. It ends early when the listener goes.
    """
    found = await call.services.reproducer.begin(body, call.who)
    allowed = call.services.authority.watch(call.who)
    call.hold(call.app.streams)
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
            kind = "step" if isinstance(one, Compared) else "progress" if isinstance(one, Advance) else "done"
            yield Event(number, kind, msgspec.to_builtins(one))
