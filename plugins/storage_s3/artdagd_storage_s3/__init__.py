"""artdagd storage in a bucket of any S3-compatible service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from artdagd.hooks import Check, Installation, StorageType, hookimpl
from artdagd_storage_s3.bucket import Bucket
from artdagd_storage_s3.config import S3Config

__all__ = ["Bucket", "S3Config", "artdag_checks", "artdag_storage_types"]


@hookimpl
def artdag_storage_types() -> Iterable[StorageType]:
    return [
        StorageType(
            name="s3",
            description="A bucket: Amazon S3, MinIO, Ceph, Garage, SeaweedFS, versitygw, R2, B2 …",
            config=S3Config,
            open=Bucket,
            open_within=Bucket.within,
        )
    ]


@hookimpl
async def artdag_checks(installation: Installation) -> Iterable[Check]:
    return await asyncio.gather(*(one.check() for one in installation.storage))
