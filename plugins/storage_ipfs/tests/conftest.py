"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kubo import Kubo, kubo


@pytest.fixture(scope="session")
def ipfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    """A real IPFS node on loopback."""
    with kubo(tmp_path_factory.mktemp("kubo")) as running:
        yield running
