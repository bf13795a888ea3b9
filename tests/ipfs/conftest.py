"""A real IPFS node, and an artdagd node that is on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from artdagd.node import Node
from tests.kubo import Kubo, kubo
from tests.nodes import Person, running_node


@pytest.fixture(scope="session")
def ipfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    with kubo(tmp_path_factory.mktemp("kubo")) as running:
        yield running


@pytest.fixture
async def node(tmp_path: Path, ipfs: Kubo) -> AsyncIterator[tuple[Node, Person]]:
    """Its pins have a name of their own, so what earlier tests left on the IPFS node is not its own."""
    plugins = {"storage_ipfs": {"api": ipfs.api, "pin_name": tmp_path.name}}
    async with running_node(
        tmp_path / "home",
        workers=0,
        plugins=plugins,
        ipfs_gateway_url=f"{ipfs.gateway}/ipfs",
        outbound_private=("127.0.0.1",),
    ) as both:
        yield both
