"""The contract of storage backends, on a bucket of a real service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from artdagd_storage_s3 import Bucket
from artdagd_storage_s3.upload import PART
from gateways import Gateway

from artdagd.testing import Place, StorageContract
from artdagd.testing.blobs import CHUNK


class TestBucket(StorageContract):
    sizes = (*StorageContract.sizes, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1)
    big = 3 * PART + 5

    @pytest.fixture
    def place(self, service: Gateway) -> Place:
        bucket = service.bucket()
        config = service.config(bucket, prefix="blobs/of a-node".replace(" ", "-"))

        async def leftovers() -> Sequence[str]:
            return service.unfinished(bucket)

        async def overwrite(cid: str, data: bytes) -> None:
            path = service.root / bucket / config.key(cid)
            path.write_bytes(data)

        return Place(partial(Bucket, config), leftovers, overwrite)


assert PART > 3 * CHUNK
