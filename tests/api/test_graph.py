"""Drawings of graphs: in rows, without boxes on each other, and with no edge crossing another that need not."""

from __future__ import annotations

import itertools
import random

from artdagd.api.views.graph import HIGH, MOST, WIDE, Drawing, Node, drawing


def drawn(*nodes: tuple[str, str], **more: object) -> Drawing:
    found = drawing([Node(id_, "X", tuple(reads.split())) for id_, reads in nodes], **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_edges_do_not_cross_needlessly():
    found = drawn(("a", ""), ("b", ""), ("c", ""), ("of_c", "c"), ("of_b", "b"), ("of_a", "a"), ("d", "of_a of_b of_c"))
    x = {box.node.id: box.x for box in found.boxes}
    assert sorted("abc", key=x.__getitem__) == sorted("abc", key=lambda name: x[f"of_{name}"])


def test_a_long_edge_goes_round_what_is_between():
    found = drawn(("a", ""), ("b", "a"), ("c", "b"), ("d", "c a"))
    boxes = {box.node.id: box for box in found.boxes}
    assert len({boxes[name].x for name in "abc"}) == 1
    long = next(edge.path for edge in found.edges if (edge.above, edge.below) == ("a", "d"))
    passed = int(long.split("V")[0].split()[-2])  # where it goes straight down past b
    assert not boxes["b"].x <= passed <= boxes["b"].x + WIDE


def test_any_graph_has_its_boxes_apart_and_below_what_they_read():
    dice = random.Random(7)
    for _ in range(20):
        count = dice.randrange(2, 60)
        reads = [" ".join({f"s{dice.randrange(at)}" for _ in range(3)} if at else ()) for at in range(count)]
        found = drawn(*((f"s{at}", read) for at, read in enumerate(reads)))
        boxes = {box.node.id: box for box in found.boxes}
        for box in found.boxes:
            assert all(boxes[name].y + HIGH < box.y for name in box.node.inputs)
            assert 0 <= box.x <= found.width - WIDE
            assert 0 <= box.y <= found.height - HIGH
        places = sorted((box.y, box.x) for box in found.boxes)
        assert all(y != next_y or x + WIDE < next_x for (y, x), (next_y, next_x) in itertools.pairwise(places))


def test_groups_of_several_are_drawn():
    found = drawn(("a", ""), ("b", "a"), ("c", "b"), groups={"one": ["a"], "two": ["b", "c", "gone"]})
    assert [(group.name, [box.node.id for box in group.boxes], len(group.paths)) for group in found.groups] == [
        ("two", ["b", "c"], 1)
    ]


def test_too_many_are_not_drawn():
    assert drawing([]) is None
    assert drawing([Node(f"s{at}", "X") for at in range(MOST + 1)]) is None
    assert drawing([Node(f"s{at}", "X") for at in range(MOST)]) is not None


def test_long_names_keep_their_ends():
    labels = [box.label for box in drawn(("cut_of_the_second_clip_1", ""), ("漢" * 30, "")).boxes]
    assert labels[0].endswith("clip_1")
    assert len(labels[1]) <= 11
