"""The contract of storage backends, on a real IPFS node."""

from __future__ import annotations

import secrets
from functools import partial

import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode

from artdagd.testing import Place, StorageContract
from tests.kubo import Kubo


class TestIpfsNode(StorageContract):
    @pytest.fixture
    def place(self, ipfs: Kubo) -> Place:
        """What an earlier test left is pinned under another name, so not seen."""
        return Place(partial(IpfsNode, IpfsConfig(api=ipfs.api, pin_name=secrets.token_hex(4))))
