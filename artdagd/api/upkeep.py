"""The local cache: how full it is, what may go, and whether what is here is sound."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

import msgspec
from quart import Response

from artdagd.api import sse
from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.errors import Conflict, TooBusy
from artdagd.runs.keeping import Going, Usage
from artdagd.runs.verifying import Tally, Wrong
from artdagd.runs.views import Event

section = Section("Upkeep", "The local cache: how full it is, what goes from it, and whether what is here is sound.")

INTERVAL = 0.5
"""Seconds between two events that tell how far it is."""


class GcBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``plan``: only tell. ``to_bytes``: go on, of least worth first, until the cache has no more than that."""

    plan: bool = False
    to_bytes: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] | None = None


class VerifyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some blobs, or ``percent`` of all that are here and of the entries that should be, chosen at random."""

    cids: Annotated[list[str], msgspec.Meta(max_length=10_000)] | None = None
    percent: Annotated[float, msgspec.Meta(gt=0, le=100)] = 100.0


@section.route("GET", "/cache", "Show how full the local cache is")
async def show_cache(call: Call) -> Usage:
    """Blobs, plans and analyses on the disk of this node, whoever's they are."""
    return call.services.keeper.usage


@section.route(
    "POST", "/cache/gc", "Remove what nobody needs", gives="text/event-stream", scope="admin", errors=(TooBusy,)
)
async def collect_garbage(call: Call, body: GcBody) -> Response:
    """Removes from this node's disk what no run, entry, pin or publication names, and then what can be made again or is
    kept by a storage provider, until the cache is within its bounds: first what takes the least time to have again for
    its size, and was not used for longest.

    Server-sent events: `blob` for each that goes (or would), with its `cid`, `size` in bytes, when it was `used` last,
    `why` it may go, and the `seconds` that making it again takes (with what has to be made before; null where that is
    not known); `progress`; at last `done`, with the `seconds` of them all. It ends early when the listener goes.
    """
    return _stream(call, _collected(call, body))


@section.route(
    "POST",
    "/cache/verify",
    "Hash what is stored",
    gives="text/event-stream",
    scope="admin",
    errors=(Conflict, TooBusy),
)
async def verify_blobs(call: Call, body: VerifyBody) -> Response:
    """What no longer hashes to its name goes to quarantine, and is fetched from a storage provider that has it.

    Server-sent events: `blob` for each that was not sound, with its `state` (`healed`, `corrupt`, `missing`) and the
    `remedy`; `progress`; at last `done`. It ends early when the listener goes.
    """
    return _stream(call, _verified(call.services.verifier.begin(body.cids, body.percent)))


def _stream(call: Call, events: AsyncIterator[Event]) -> Response:
    allowed = call.services.authority.watch(call.who)
    call.hold(call.app.streams)
    return sse.stream(events, call.app.draining, allowed)


async def _collected(call: Call, body: GcBody) -> AsyncGenerator[Event]:
    keeper = call.services.keeper
    told, number, count, freed, seconds = time.monotonic(), 0, 0, 0, 0.0
    async with aclosing(keeper.collect(body.to_bytes, plan=body.plan)) as going:
        async for one in going:
            count, freed, seconds = count + 1, freed + one.size, seconds + (one.alone or 0.0)
            number += 1
            yield Event(number, "blob", _shown(one))
            if time.monotonic() - told >= INTERVAL:
                told, number = time.monotonic(), number + 1
                yield Event(number, "progress", {"count": count, "bytes": freed})
    usage = msgspec.to_builtins(keeper.usage)
    done = {"plan": body.plan, "count": count, "bytes": freed, "seconds": seconds, "cache": usage}
    yield Event(number + 1, "done", done)


def _shown(one: Going) -> dict[str, object]:
    return {"cid": one.cid, "size": one.size, "used": one.used_at, "why": one.why, "seconds": one.seconds}


async def _verified(found: AsyncGenerator[Wrong | Tally]) -> AsyncGenerator[Event]:
    told, number, last = 0.0, 0, None
    async with aclosing(found) as items:
        async for one in items:
            if isinstance(one, Wrong):
                number += 1
                yield Event(number, "blob", msgspec.to_builtins(one))
                continue
            last = one
            if time.monotonic() - told >= INTERVAL:
                told, number = time.monotonic(), number + 1
                yield Event(number, "progress", msgspec.to_builtins(one))
    yield Event(number + 1, "done", msgspec.to_builtins(last))
