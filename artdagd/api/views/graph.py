"""A graph of steps as a drawing: who reads what, from the inputs at the top down to the output."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from artdagd.api.views.layers import order, place
from artdagd.web.words import plain

MOST = 500
"""Nodes that are drawn, inputs too; a list says more of a larger graph."""

BENDS = 6000
"""Places, counted for each edge, where edges pass a row and bend round what is in it; where there are more, such edges
go straight."""

VALUE = 300
"""Letters of a parameter's value that a drawing knows."""

WIDE, HIGH, ACROSS, DOWN, MARGIN, LETTERS, BEND = 168, 48, 24, 44, 16, 20, 20


class Node(msgspec.Struct, frozen=True):
    """One box: ``what`` is its type, ``inputs`` are the ids of those that it reads, ``config`` its parameters as
    words, ``state`` how far it is in a run; ``is_input`` for what a recipe is given."""

    id: str
    what: str
    inputs: tuple[str, ...] = ()
    config: Mapping[str, str] = {}
    state: str = ""
    is_input: bool = False


class Box(msgspec.Struct, frozen=True):
    """A node with its place; x and y are of its upper left corner, in pixels."""

    node: Node
    x: int
    y: int

    @property
    def label(self) -> str:
        return _cut(self.node.id)

    @property
    def what(self) -> str:
        return _cut(self.node.what)


class Edge(msgspec.Struct, frozen=True):
    """``above`` is read by ``below``; ``path`` is SVG."""

    above: str
    below: str
    path: str


class Group(msgspec.Struct, frozen=True):
    """Boxes that belong together, as the steps of a pass do, and the paths between them."""

    name: str
    boxes: list[Box]
    paths: list[str]


class Drawing(msgspec.Struct, frozen=True):
    """Boxes of ``WIDE`` by ``HIGH`` pixels, edges between them, and groups behind them."""

    width: int
    height: int
    boxes: list[Box]
    edges: list[Edge]
    groups: list[Group]
    box: tuple[int, int] = (WIDE, HIGH)


def drawing(nodes: Sequence[Node], groups: Mapping[str, Sequence[str]] | None = None) -> Drawing | None:
    """``nodes`` in rows, each below all that it reads; None if they are too many. They are in topological order.
    ``groups`` are names of groups with the ids in each; those of one node are not drawn."""
    if not 0 < len(nodes) <= MOST:
        return None
    levels = _levels(nodes)
    rows = 1 + max(levels.values())
    web = _Web(nodes, levels)
    ordered = order(web.rows(rows), web.above, web.below)
    middles = place(ordered, web.wide, (web.above, web.below))
    boxes = [
        Box(node, MARGIN + round(middle - (WIDE + ACROSS) / 2), _top(levels[node.id]))
        for node, middle in zip(nodes, middles, strict=False)
    ]
    left = MARGIN - min(box.x for box in boxes)
    boxes = [msgspec.structs.replace(box, x=box.x + left) for box in boxes]
    points = {
        item: (left + MARGIN - ACROSS // 2 + round(middle), web.level[item]) for item, middle in enumerate(middles)
    }
    edges = [Edge(nodes[way[0]].id, nodes[way[-1]].id, _path([points[item] for item in way])) for way in web.ways]
    width = max([box.x + WIDE for box in boxes] + [x for x, _ in points.values()]) + MARGIN
    return Drawing(width, _top(rows) - DOWN + MARGIN, boxes, edges, _groups(groups or {}, boxes, edges))


def nodes(
    inputs: Iterable[tuple[str, str]],
    steps: Iterable[tuple[str, str, Iterable[str]]],
    configs: Mapping[str, Mapping[str, Any]] | None = None,
    states: Mapping[str, str] | None = None,
) -> list[Node]:
    """Inputs (name, type), then steps (id, type, what they read); ``configs`` and ``states`` by id."""
    drawn = [Node(name, what, is_input=True) for name, what in inputs]
    for id_, what, reads in steps:
        config = {name: plain(value)[:VALUE] for name, value in (configs or {}).get(id_, {}).items()}
        drawn.append(Node(id_, what, tuple(reads), config, (states or {}).get(id_, "")))
    return drawn


def _levels(nodes: Sequence[Node]) -> dict[str, int]:
    """A step is just below the lowest that it reads, what reads nothing just above the first that needs it."""
    levels: dict[str, int] = {}
    first: dict[str, int] = {}
    for node in nodes:
        levels[node.id] = 1 + max((levels.get(name, -1) for name in node.inputs), default=-1)
        for name in node.inputs:
            first[name] = min(first.get(name, levels[node.id]), levels[node.id])
    for node in nodes:
        if not node.inputs:
            levels[node.id] = first.get(node.id, 1) - 1
    return levels


class _Web:
    """Nodes, and bends where an edge passes a row: items by number, the nodes first. All edges of one node that pass
    a row share its bend there."""

    def __init__(self, nodes: Sequence[Node], levels: Mapping[str, int]) -> None:
        numbers = {node.id: number for number, node in enumerate(nodes)}
        self.level = [levels[node.id] for node in nodes]
        self.wide: list[float] = [WIDE + ACROSS] * len(nodes)
        pairs = [(numbers[name], at) for at, node in enumerate(nodes) for name in dict.fromkeys(node.inputs)
                 if name in numbers]  # fmt: skip
        bends: dict[tuple[int, int], int] = {}
        passes = [(above, row) for above, below in pairs for row in range(self.level[above] + 1, self.level[below])]
        for key in dict.fromkeys(passes) if len(passes) <= BENDS else ():
            bends[key] = len(self.level)
            self.level.append(key[1])
            self.wide.append(BEND)
        self.ways: list[list[int]] = []
        self.above: dict[int, list[int]] = {item: [] for item in range(len(self.level))}
        self.below: dict[int, list[int]] = {item: [] for item in range(len(self.level))}
        for above, below in pairs:
            passed = range(self.level[above] + 1, self.level[below])
            way = [above, *(bends[above, row] for row in passed if (above, row) in bends), below]
            self.ways.append(way)
            for one, next_ in itertools.pairwise(way):
                if self.level[next_] - self.level[one] == 1 and next_ not in self.below[one]:
                    self.below[one].append(next_)
                    self.above[next_].append(one)

    def rows(self, count: int) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(count)]
        for item, level in enumerate(self.level):
            found[level].append(item)
        return found


def _groups(groups: Mapping[str, Sequence[str]], boxes: Sequence[Box], edges: Sequence[Edge]) -> list[Group]:
    by_id = {box.node.id: box for box in boxes}
    found = []
    for name, ids in groups.items():
        members = {id_ for id_ in ids if id_ in by_id}
        if len(members) > 1:
            paths = [edge.path for edge in edges if edge.above in members and edge.below in members]
            found.append(Group(name, [by_id[id_] for id_ in ids if id_ in members], paths))
    return found


def _top(level: int) -> int:
    return MARGIN + level * (HIGH + DOWN)


def _path(points: Sequence[tuple[int, int]]) -> str:
    """A curve from the foot of the first (x, level) to the head of the last, straight down past the rows between."""
    x, level = points[0]
    path, y = f"M{x} {_top(level) + HIGH}", _top(level) + HIGH
    for at, (to_x, to_level) in enumerate(points[1:], 2):
        to_y = _top(to_level)
        middle = (y + to_y) // 2
        path += f"C{x} {middle} {to_x} {middle} {to_x} {to_y}"
        x, y = to_x, to_y
        if at < len(points):
            y += HIGH
            path += f"V{y}"
    return path


def _cut(text: str) -> str:
    """As much of ``text`` as a box has room for: its beginning and its end, which tells it from its like."""
    room = LETTERS
    if sum(map(_broad, text)) <= room:
        return text
    end = text[-7:] if sum(map(_broad, text[-7:])) <= room // 2 else text[-3:]
    room -= 1 + sum(map(_broad, end))
    begin = ""
    for letter in text:
        room -= _broad(letter)
        if room < 0:
            break
        begin += letter
    return f"{begin}…{end}"


def _broad(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
