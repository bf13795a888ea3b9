"""How many threads decoders and filters get. It has no influence on a pixel: both are exact at any count, but for what
decoders show of damaged files, which ``reading/readings.py`` has decoded by one thread (all but MagicYUV)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

FILTERS = 4
DECODERS = min(4, os.cpu_count() or 1)

_one_of_many = False


@contextmanager
def sharing(many: bool) -> Iterator[None]:
    """If ``many`` are at work beside this process, as when the parts of a pass are made, each has one thread: a tenth
    less processor time than with more threads than there are processors. A process renders one thing at a time."""
    global _one_of_many
    before, _one_of_many = _one_of_many, many
    try:
        yield
    finally:
        _one_of_many = before


def filters() -> int:
    """Slice threads of a graph."""
    return 1 if _one_of_many else FILTERS


def decoders() -> int:
    """Threads of a decoder."""
    return 1 if _one_of_many else DECODERS
