"""What goes from a cache first: what is cheapest to have again for its size, and was not used for longest.

The *worth* of a blob is the seconds that it takes to have it again, for each megabyte of it, halved for each
``HALF_LIFE`` since it was last used. What has the least worth goes first. What nobody names has none.

To have a result again takes the seconds that making it took, and those of all that it was made from and that would have
to be made first because it is gone, too, each once. So a result gets dearer when what it was made from goes. What a
storage provider has is brought back at ``BROUGHT`` seconds a megabyte; a result of which it is not known how long it
took, counts ``UNKNOWN``.

As the worth of all halves in the same time, which of two has more of it does not depend on when one looks.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

HALF_LIFE = 7 * 86_400.0
"""Seconds."""

UNKNOWN = 0.1
"""Seconds a megabyte: what rendering something middling takes."""

BROUGHT = 0.1
"""Seconds a megabyte, from a storage provider."""

LEAST = 4096
"""Bytes that the smallest file takes."""

MOST = 1000
"""Results that are looked at for one, on the way up to what it was made from."""


class Making(msgspec.Struct, frozen=True):
    """How a result was made: in how many ``seconds`` (0: that is not known), from which other results (CIDs)."""

    seconds: float
    sources: tuple[str, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A blob of ``size`` bytes that may go, last used at ``used`` (ns since the epoch). ``unnamed``: nobody needs it;
    ``elsewhere``: a storage provider has it."""

    cid: str
    size: int
    used: int
    unnamed: bool = False
    elsewhere: bool = False


class Ranked(msgspec.Struct, frozen=True):
    """A candidate in its turn. ``seconds`` is what making it again takes when all before it are gone, ``alone`` the
    part that is its own; None where a provider has it, or where that is not known."""

    candidate: Candidate
    seconds: float | None
    alone: float | None


def again(cid: str, makings: Mapping[str, Making], here: Callable[[str], bool]) -> float | None:
    """Seconds to make ``cid`` again, with all that it is made from and that is not ``here``. None if it isn't known how
    it was made."""
    if cid not in makings or not makings[cid].seconds:
        return None
    seen, waiting, seconds = {cid}, [cid], 0.0
    while waiting and len(seen) <= MOST:
        made = makings[waiting.pop()]
        seconds += made.seconds
        for source in made.sources:
            if source not in seen and source in makings and not here(source):
                seen.add(source)
                waiting.append(source)
    return seconds


def rank(candidates: Sequence[Candidate], makings: Mapping[str, Making], lost: Collection[str]) -> Iterator[Ranked]:
    """All ``candidates`` in the order in which they go, each as if all before it were gone. ``lost`` are those results
    of ``makings`` that are neither here nor elsewhere."""
    gone = set(lost)

    def here(cid: str) -> bool:
        return cid not in gone

    by_cid = {one.cid: one for one in candidates}
    waiting = [(worth(one, again(one.cid, makings, here)), one.used, one.cid) for one in candidates]
    heapq.heapify(waiting)
    while waiting:
        before, used, cid = heapq.heappop(waiting)
        one, seconds = by_cid[cid], again(cid, makings, here)
        # What went meanwhile may have made it dearer: then it waits for its new turn.
        if (now := worth(one, seconds)) > before:
            heapq.heappush(waiting, (now, used, cid))
            continue
        if not one.elsewhere:
            gone.add(one.cid)
        known = seconds is not None and not one.elsewhere
        yield Ranked(one, seconds if known else None, makings[one.cid].seconds if known else None)


def worth(one: Candidate, seconds: float | None) -> float:
    """The binary logarithm of a candidate's worth, but for what is the same of all at any time. ``seconds`` are those
    of :func:`again`."""
    if one.unnamed:
        return -math.inf
    megabytes = max(one.size, LEAST) / 1e6
    if one.elsewhere:
        seconds = BROUGHT * megabytes
    elif seconds is None:
        seconds = UNKNOWN * megabytes
    # Rounded, so that what is worth the same goes in the order of its use, and not of the last digit.
    return round(math.log2(max(seconds, 1e-6) / megabytes) + one.used / 1e9 / HALF_LIFE, 6)
