"""A bucket over a bad network, and what its faults leave."""

from __future__ import annotations

from functools import partial

import pytest
from artdagd_storage_s3 import Bucket
from artdagd_storage_s3.upload import PART
from gateways import Gateway

from artdagd.testing import FaultProxy, Proxied, StorageFaults


def opened(service: Gateway, bucket: str, port: int) -> Bucket:
    return Bucket(service.config(bucket, port=port), timeout=1.0, attempts=2)


@pytest.mark.slow
class TestFaults(StorageFaults):
    rounds = 2

    @pytest.fixture
    def proxied(self, service: Gateway) -> Proxied:
        bucket = service.bucket()
        return Proxied(
            partial(opened, service, bucket),
            lambda: Bucket(service.config(bucket)),
            lambda: FaultProxy("127.0.0.1", service.port),
        )


@pytest.mark.slow
class TestManyFaults(TestFaults):
    rounds = 20
    seed = 2


@pytest.mark.slow
class TestFaultsOfParts(TestFaults):
    """The same for a blob that is sent in parts."""

    size = 2 * PART + 9
    rounds = 4
    patience = 60.0
