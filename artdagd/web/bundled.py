"""Recipes that come with the node, for those who have none yet."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SAMPLE = "test-picture"
"""The one that needs no input: what it renders is a medium to try the others on."""


@functools.cache
def texts() -> Mapping[str, bytes]:
    """The YAML of each, by its name."""
    folder = Path(__file__).parent / "examples"
    return MappingProxyType({file.stem: file.read_bytes() for file in sorted(folder.glob("*.yaml"))})
