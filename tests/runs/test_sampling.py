"""A seed chooses the same segments everywhere."""

from __future__ import annotations

from hashlib import sha256

from artdagd.runs.sampling import Sample


def test_the_segments_that_a_seed_chooses():
    order = sorted(range(45), key=lambda number: sha256(b"12/cut/%d" % number).digest())
    assert Sample(3, 12).of("cut", 45) == sorted(order[:3]) == [27, 32, 34]
    assert Sample(60, 12).of("cut", 45) == list(range(45))
    assert len({tuple(Sample(3, seed).of("cut", 45)) for seed in range(50)}) > 40
