"""What tests of attacks share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def docs_operations() -> str:
    """docs/operations.md, in one line: it states the figures of these tests."""
    return " ".join((Path(__file__).parents[2] / "docs" / "operations.md").read_text().split())
