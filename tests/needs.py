"""Programs that a machine may lack: a test that needs one is skipped with a word, or fails where it must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(program: str, remedy: str) -> NoReturn:
    """Skip the test, or fail it if ``ARTDAG_TEST_REQUIRE`` (names, with commas between) lists ``program``."""
    said = f"{program} is not on this machine: {remedy}"
    if program in os.environ.get("ARTDAG_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"{said} (ARTDAG_TEST_REQUIRE asks for it)")
    pytest.skip(said)
