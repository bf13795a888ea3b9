"""artdagd storage on an IPFS node."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from artdagd.hooks import (
    Check,
    ConfiguredStorage,
    Installation,
    NodeAccess,
    NodeStorage,
    PluginSettings,
    StorageType,
    hookimpl,
)
from artdagd_storage_ipfs.config import IpfsConfig
from artdagd_storage_ipfs.errors import IpfsError
from artdagd_storage_ipfs.node import IpfsNode
from artdagd_storage_ipfs.settings import ENVIRONMENT, IpfsSettings

__all__ = [
    "IpfsConfig",
    "IpfsError",
    "IpfsNode",
    "IpfsSettings",
    "artdag_checks",
    "artdag_node_storage",
    "artdag_settings",
    "artdag_storage_types",
]


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


@hookimpl
def artdag_settings() -> PluginSettings:
    return PluginSettings(config=IpfsSettings, environment=ENVIRONMENT)


@hookimpl
def artdag_node_storage(node: NodeAccess) -> NodeStorage | None:
    """The IPFS node of ``IPFS_API``; without it there is none."""
    settings: IpfsSettings = node.settings
    if not settings.api:
        return None
    return NodeStorage(backend=IpfsNode(settings.config), synchronous=True, primary=settings.primary)


@hookimpl
async def artdag_checks(installation: Installation) -> Iterable[Check]:
    configured = list(installation.storage)
    settings: IpfsSettings = installation.settings
    if settings.api:
        configured.append(ConfiguredStorage(name="IPFS_API", config=None, open=lambda: IpfsNode(settings.config)))
    return await asyncio.gather(*(one.check() for one in configured))
