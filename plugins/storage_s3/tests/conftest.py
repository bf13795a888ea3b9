"""What the tests of this folder share lies beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gateways import Gateway, gateway


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A real S3 service on loopback."""
    with gateway(tmp_path_factory.mktemp("versitygw")) as running:
        yield running
