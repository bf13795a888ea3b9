"""What authors of plugins test with; needs pytest and pytest-asyncio (``pip install 'artdagd[testing]'``).

:class:`StorageContract` is everything that a storage backend has to keep to, :class:`StorageFaults` the same over a bad
network, made by :class:`FaultProxy`. Nothing of the node imports this package.
"""

import pytest

pytest.register_assert_rewrite("artdagd.testing.storage", "artdagd.testing.storage_faults")

from artdagd.testing.blobs import Made, make, read, sparse
from artdagd.testing.proxy import KINDS, FaultProxy, Toxic
from artdagd.testing.storage import Place, StorageContract
from artdagd.testing.storage_faults import Proxied, StorageFaults, Tally

__all__ = [
    "KINDS",
    "FaultProxy",
    "Made",
    "Place",
    "Proxied",
    "StorageContract",
    "StorageFaults",
    "Tally",
    "Toxic",
    "make",
    "read",
    "sparse",
]
