"""An IPFS node over a bad network, and what its faults leave."""

from __future__ import annotations

import secrets
from functools import partial

import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode

from artdagd.testing import FaultProxy, Proxied, StorageFaults
from tests.kubo import Kubo

TIMEOUT = 4.0
"""Seconds without a byte: more than a busy machine takes for one."""


def opened(pin_name: str, port: int) -> IpfsNode:
    return IpfsNode(IpfsConfig(api=f"/ip4/127.0.0.1/tcp/{port}", pin_name=pin_name), timeout=TIMEOUT)


@pytest.mark.slow
class TestFaults(StorageFaults):
    rounds = 2
    patience = 90.0

    @pytest.fixture
    def proxied(self, ipfs: Kubo) -> Proxied:
        name = secrets.token_hex(4)
        return Proxied(
            partial(opened, name),
            lambda: IpfsNode(IpfsConfig(api=ipfs.api, pin_name=name)),
            lambda: FaultProxy("127.0.0.1", ipfs.port),
        )


@pytest.mark.slow
class TestManyFaults(TestFaults):
    rounds = 20
    seed = 2
