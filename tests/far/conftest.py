"""What tests of workers elsewhere share."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "workers"))

from elsewhere import Desk, desk


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[Desk]:
    """A broker without workers, and its exchange over HTTP."""
    async with desk(tmp_path) as opened:
        yield opened
