"""artdagd storage in a directory."""

from __future__ import annotations

from collections.abc import Iterable

from artdagd.hooks import StorageType, hookimpl
from artdagd_storage_local.directory import Directory, LocalConfig

__all__ = ["Directory", "LocalConfig", "artdag_storage_types"]


@hookimpl
def artdag_storage_types() -> Iterable[StorageType]:
    return [
        StorageType(
            name="local",
            description="A directory: a second disk, a NAS, a mounted share",
            config=LocalConfig,
            open=Directory,
        )
    ]
