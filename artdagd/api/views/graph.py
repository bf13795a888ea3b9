"""A graph of steps as a drawing: who reads what, from the inputs at the top down to the output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

MOST = 300
"""Nodes that are drawn; a list says more of a larger graph."""

WIDE, HIGH, ACROSS, DOWN, MARGIN, LETTERS = 168, 48, 24, 44, 12, 20


class Node(msgspec.Struct, frozen=True):
    """One box: ``what`` is its type, ``inputs`` are the ids of those that it reads."""

    id: str
    what: str
    inputs: tuple[str, ...] = ()


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


class Drawing(msgspec.Struct, frozen=True):
    """Boxes of ``WIDE`` by ``HIGH`` pixels, and paths (SVG) between them."""

    width: int
    height: int
    boxes: list[Box]
    edges: list[str]
    box: tuple[int, int] = (WIDE, HIGH)


def drawing(nodes: Sequence[Node]) -> Drawing | None:
    """``nodes`` in rows, each below all that it reads; None if they are too many. They are in topological order."""
    if not 0 < len(nodes) <= MOST:
        return None
    rows = _rows(nodes)
    span = max(map(len, rows)) * (WIDE + ACROSS) - ACROSS
    boxes = [
        Box(node, MARGIN + (span - len(row) * (WIDE + ACROSS) + ACROSS) // 2 + at * (WIDE + ACROSS), _top(level))
        for level, row in enumerate(rows)
        for at, node in enumerate(row)
    ]
    places = {box.node.id: box for box in boxes}
    edges = [_edge(places[name], box) for box in boxes for name in dict.fromkeys(box.node.inputs) if name in places]
    return Drawing(span + 2 * MARGIN, _top(len(rows)) - DOWN + MARGIN, boxes, edges)


def nodes(inputs: Iterable[tuple[str, str]], steps: Iterable[tuple[str, str, Iterable[str]]]) -> list[Node]:
    """Inputs (name, type), then steps (id, type, what they read)."""
    return [Node(*each) for each in inputs] + [Node(id_, what, tuple(reads)) for id_, what, reads in steps]


def _rows(nodes: Sequence[Node]) -> list[list[Node]]:
    """By level: a step just below the lowest that it reads, what reads nothing just above the first that needs it."""
    levels: dict[str, int] = {}
    for node in nodes:
        levels[node.id] = 1 + max((levels.get(name, -1) for name in node.inputs), default=-1)
    for node in nodes:
        if not node.inputs:
            levels[node.id] = min((levels[one.id] for one in nodes if node.id in one.inputs), default=1) - 1
    return [[node for node in nodes if levels[node.id] == level] for level in range(1 + max(levels.values()))]


def _top(level: int) -> int:
    return MARGIN + level * (HIGH + DOWN)


def _edge(above: Box, below: Box) -> str:
    x, y, to_x, to_y = above.x + WIDE // 2, above.y + HIGH, below.x + WIDE // 2, below.y
    middle = (y + to_y) // 2
    return f"M{x} {y}C{x} {middle} {to_x} {middle} {to_x} {to_y}"


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
