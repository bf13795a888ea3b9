"""Places for the nodes of a layered graph, after Sugiyama, Tagawa and Toda (1981): in each row an order in which few
edges cross, by barycentres, then places as near to the middle of the neighbours as their widths allow."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence

SWEEPS = 6
"""How often all rows are put in order, and placed, downwards and upwards."""

Links = Mapping[int, Sequence[int]]


def order(rows: list[list[int]], above: Links, below: Links) -> list[list[int]]:
    """``rows`` of items, each row in the order of those found that has the fewest crossings. ``above`` and ``below``
    are an item's neighbours in the rows next to its own."""
    best, fewest = rows, crossings(rows, below)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        rows = _sorted(rows if down else rows[::-1], above if down else below)
        rows = rows if down else rows[::-1]
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = rows, count
    return best


def crossings(rows: Sequence[Sequence[int]], below: Links) -> int:
    """How many pairs of edges between neighbouring rows cross."""
    count = 0
    for upper, lower in itertools.pairwise(rows):
        places = {item: at for at, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(places[other] for other in below[item])
            count += sum(len(seen) - bisect.bisect_right(seen, end) for end in ends)
            for end in ends:
                bisect.insort(seen, end)
    return count


def place(rows: Sequence[Sequence[int]], wide: Sequence[float], links: tuple[Links, Links]) -> list[float]:
    """The middle of each item, from 0 on; ``wide`` is the room that each takes."""
    middles = [0.0] * len(wide)
    for row in rows:
        room = sum(wide[item] for item in row)
        _put(row, [-room / 2 + room * at / max(1, len(row) - 1) for at in range(len(row))], wide, middles)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            first, second = links if down else links[::-1]
            _put(row, [_wanted(item, first[item] or second[item], wide, middles) for item in row], wide, middles)
    left = min(middles[item] - wide[item] / 2 for row in rows for item in row)
    return [middle - left for middle in middles]


def _sorted(rows: Sequence[Sequence[int]], links: Links) -> list[list[int]]:
    """Each row after the first by the mean place of what its items are linked to in the row before."""
    found = [list(rows[0])]
    for row in rows[1:]:
        places = {item: at for at, item in enumerate(found[-1])}
        means = {}
        for at, item in enumerate(row):
            others = links[item]
            means[item] = sum(places[other] for other in others) / len(others) if others else float(at)
        found.append(sorted(row, key=means.__getitem__))
    return found


def _wanted(item: int, others: Sequence[int], wide: Sequence[float], middles: Sequence[float]) -> float:
    """The mean of those of its neighbours that are of its own sort, so that long edges and chains are straight."""
    like = [other for other in others if wide[other] == wide[item]] or others
    return sum(middles[other] for other in like) / len(like) if like else middles[item]


def _put(row: Sequence[int], wanted: Sequence[float], wide: Sequence[float], middles: list[float]) -> None:
    """Each item as near to where it is wanted as its neighbours allow: least squares, by pooling those that would
    overlap (isotonic regression; Ayer and others, 1955). The wider one is, the less it gives way."""
    ahead, gaps = 0.0, []
    for at, item in enumerate(row):
        ahead += (wide[item] + wide[row[at - 1]]) / 2 if at else 0.0
        gaps.append(ahead)
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, and how many
    for item, want, gap in zip(row, wanted, gaps, strict=True):
        total, weight, count = (want - gap) * wide[item], wide[item], 1
        while pools and pools[-1][0] * weight > total * pools[-1][1]:
            before = pools.pop()
            total, weight, count = total + before[0], weight + before[1], count + before[2]
        pools.append((total, weight, count))
    shifts = [total / weight for total, weight, count in pools for _ in range(count)]
    for item, shift, gap in zip(row, shifts, gaps, strict=True):
        middles[item] = shift + gap
