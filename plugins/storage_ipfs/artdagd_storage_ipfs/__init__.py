"""artdagd storage on an IPFS node."""

from __future__ import annotations

from collections.abc import Iterable

from artdagd.hooks import StorageType, hookimpl
from artdagd_storage_ipfs.config import IpfsConfig
from artdagd_storage_ipfs.errors import IpfsError
from artdagd_storage_ipfs.node import IpfsNode

__all__ = ["IpfsConfig", "IpfsError", "IpfsNode", "artdag_storage_types"]


@hookimpl
def artdag_storage_types() -> Iterable[StorageType]:
    return [
        StorageType(
            name="ipfs",
            description="An IPFS node (Kubo), reached by its RPC",
            config=IpfsConfig,
            open=IpfsNode,
            synchronous=True,
        )
    ]
