"""artdagd storage in a directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from artdagd.hooks import Check, ConfiguredStorage, Installation, StorageType, hookimpl
from artdagd_storage_local.directory import Directory, LocalConfig

__all__ = ["Directory", "LocalConfig", "artdag_checks", "artdag_storage_types"]


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


@hookimpl
async def artdag_checks(installation: Installation) -> Iterable[Check]:
    return await asyncio.gather(*(asyncio.to_thread(_check, one) for one in installation.storage))


def _check(one: ConfiguredStorage) -> Check:
    path = Path(one.config.path)
    if not path.exists():
        remedy = (
            "Is its disk mounted? If not, the folder is made when the first blob is saved, where the disk would be."
        )
        return Check(name=one.name, level="doubt", said=f"{path} is not there", remedy=remedy)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        remedy = "Give it a folder in which the node's user may write."
        return Check(name=one.name, level="wrong", said=f"{path} is no folder that can be written", remedy=remedy)
    return Check(name=one.name, level="ok", said=f"{path} can be written")
