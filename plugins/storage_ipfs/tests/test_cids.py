"""The CIDs that a node gives are ours, for files around every boundary, whatever its defaults are."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode

from artdagd.cid import CID, DAG_JSON, cid_of_file, cid_of_value, dag_cbor, dag_json
from artdagd.testing import make, read
from tests.kubo import Kubo, kubo

MIB = 1 << 20
ODD = {
    "Import.CidVersion": 0,
    "Import.UnixFSRawLeaves": False,
    "Import.UnixFSChunker": "size-1000",
    "Import.UnixFSFileMaxLinks": 3,
    "Import.UnixFSDAGLayout": "trickle",
}
"""What a node's operator may have set; none of it may matter."""

FEW = (0, 1, 2, 1000, 1001, 3001, *(n * MIB + d for n in (1, 2) for d in (-1, 0, 1)))
MANY = tuple(sorted({*FEW, *(n * MIB + d for n in (3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64) for d in (-1, 0, 1))}))
LINKS = tuple(n * MIB + d for n in (1023, 1024, 1025) for d in (-1, 0, 1))
"""Around 1024 links: from there on the tree has another level."""

LOT = random.Random("sizes")
SOME = tuple(LOT.randrange(1, 1 << LOT.randrange(4, 24)) for _ in range(200 - len(MANY) - len(LINKS)))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    with kubo(tmp_path_factory.mktemp("odd"), ODD) as running:
        yield running


@pytest.fixture
async def node(odd: Kubo) -> AsyncIterator[IpfsNode]:
    backend = IpfsNode(IpfsConfig(api=odd.api))
    yield backend
    await backend.close()


def drawn(folder: Path, size: int) -> Path:
    """A file of ``size`` bytes that takes no space: pieces of it are drawn by lot, all others are 0."""
    lot, path = random.Random(size), folder / "drawn"
    with path.open("wb") as file:
        file.truncate(size)
        for start in {0, size // 2, max(0, size - 64)}:
            file.seek(start)
            file.write(lot.randbytes(min(64, size - start)))
    return path


async def named_alike(node: IpfsNode, folder: Path, size: int) -> None:
    path = drawn(folder, size)
    cid = cid_of_file(path)
    await node.save(cid, path)
    assert await node.size(cid) == size
    await node.delete(cid)


async def test_a_node_with_other_defaults_names_files_as_we_do(node: IpfsNode, odd: Kubo, tmp_path: Path) -> None:
    plain = odd.run("add", "--quieter", "--only-hash", data=b"x" * 5000)
    assert CID.parse(plain).version == 0, "the defaults are others"
    for size in FEW:
        await named_alike(node, tmp_path, size)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_two_hundred_files_have_the_same_name(node: IpfsNode, tmp_path: Path) -> None:
    sizes = (*MANY, *SOME, *LINKS)
    assert len(sizes) == 200
    for size in sizes:
        await named_alike(node, tmp_path, size)
    print(f"\n{len(sizes)} files of {min(sizes)} to {max(sizes)} bytes: all CIDs equal")


@pytest.mark.parametrize("size", [0, 200, 3 * MIB])
async def test_values_have_their_own_names(node: IpfsNode, tmp_path: Path, size: int) -> None:
    value = {"link": CID.parse(cid_of_value([])), "text": "ü" * size}
    for codec, data in ((DAG_JSON, dag_json(value)), (0x71, dag_cbor(value))):
        path = tmp_path / "value"
        path.write_bytes(data)
        cid = str(CID(1, codec, hashlib.sha256(data).digest()))
        await node.save(cid, path)
        assert await read(node, cid) == data
        assert [cid async for cid in node.list()].count(cid) == 1
        await node.delete(cid)
        assert await node.size(cid) is None


async def test_a_file_under_a_foreign_name_is_not_pinned(node: IpfsNode, odd: Kubo, tmp_path: Path) -> None:
    made, other = make(tmp_path, MIB + 5), make(tmp_path, MIB + 6)
    with pytest.raises(OSError, match="they were not pinned"):
        await node.save(other.cid, made.path)
    assert await node.size(other.cid) is None
    assert not odd.pinned(made.cid)
    assert not odd.pinned(other.cid)
