"""A bucket over a bad network, and what its faults leave."""

from __future__ import annotations

from functools import partial

import pytest
from artdagd_storage_s3 import Bucket
from artdagd_storage_s3.upload import PART
from gateways import Gateway

from artdagd.testing import FaultProxy, Proxied, StorageFaults


def opened(service: Gateway, bucket: str, timeout: float, port: int) -> Bucket:
    return Bucket(service.config(bucket, port=port), timeout=timeout, attempts=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestFaults(StorageFaults):
    rounds = 2
    patience = 60.0
    timeout = 2.0
    """Seconds without a byte that are a fault; a busy machine may need one of them by itself."""

    @pytest.fixture
    def proxied(self, service: Gateway) -> Proxied:
        bucket = service.bucket()
        return Proxied(
            partial(opened, service, bucket, self.timeout),
            lambda: Bucket(service.config(bucket)),
            lambda: FaultProxy("127.0.0.1", service.port),
        )


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestManyFaults(TestFaults):
    rounds = 20
    seed = 2


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestFaultsOfParts(TestFaults):
    """The same for a blob that is sent in parts."""

    size = 2 * PART + 9
    rounds = 4
    patience = 120.0
    timeout = 5.0
