"""Blocks that decay on the IPFS node (row C2): no wrong byte is accepted from there, and they can be made good."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode

from artdagd.cid import CID, cid_of_bytes
from artdagd.errors import ArtdagError
from artdagd.store import BlobStore
from artdagd.store.providers import Providers
from tests.kubo import Kubo

MIB = 1 << 20
Decay = Callable[[bytes, random.Random], bytes]


def flip(data: bytes, lot: random.Random) -> bytes:
    at = lot.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << lot.randrange(8)]) + data[at + 1 :]


DECAYS: dict[str, Decay] = {
    "flipped": flip,
    "truncated": lambda data, lot: data[: lot.randrange(len(data))],
    "empty": lambda data, lot: b"",
    "zero": lambda data, lot: bytes(len(data)),
    "another": lambda data, lot: lot.randbytes(len(data)),
}


def block_file(ipfs: Kubo, cid: str) -> Path:
    return ipfs.block(base64.b32encode(b"\x12\x20" + CID.parse(cid).digest).decode().rstrip("="))


async def decayed(ipfs: Kubo, folder: Path, lot: random.Random, decay: Decay, size: int, tally: Counter[str]) -> None:
    folder.mkdir()
    data, path = lot.randbytes(size), folder / "data"
    path.write_bytes(data)
    cid = cid_of_bytes(data)
    node = IpfsNode(IpfsConfig(api=ipfs.api, pin_name=folder.name))
    await node.save(cid, path)
    block = block_file(ipfs, lot.choice([cid, *ipfs.run("refs", cid).split()]))
    block.chmod(0o644)
    block.write_bytes(decay(block.read_bytes(), lot))
    store = BlobStore(folder / "store", reserve_bytes=0, providers=Providers(10.0))
    await store.open()
    await store.providers.add("ipfs", node)
    try:
        tally["right" if (await store.path(cid)).read_bytes() == data else "wrong"] += 1
    except ArtdagError:
        tally["refused"] += 1
    provider = store.providers.get("ipfs")
    assert provider is not None
    await store.providers.save(provider, cid, path, size, anew=True)
    tally["made good" if (await store.path(cid)).read_bytes() == data else "wrong"] += 1
    await store.providers.close()


async def rot(ipfs: Kubo, folder: Path, times: int) -> Counter[str]:
    tally: Counter[str] = Counter()
    for name, decay in DECAYS.items():
        lot = random.Random(name)
        for number in range(times):
            size = lot.choice((9, 1000, MIB, 2 * MIB + 9))  # of 1 byte others would have the same block
            await decayed(ipfs, folder / f"{name}-{number}", lot, decay, size, tally)
    return tally


def check(tally: Counter[str], count: int) -> None:
    """A bit of a root that says nothing of the bytes may be another, and the bytes right."""
    assert not tally["wrong"], tally
    assert tally["made good"] == count, tally
    assert tally["refused"] + tally["right"] == count, tally
    assert tally["refused"] > 0.8 * count, tally


async def test_what_decayed_is_refused_and_can_be_made_good(ipfs: Kubo, tmp_path: Path) -> None:
    tally = await rot(ipfs, tmp_path, 2)
    check(tally, 10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_five_hundred_decayed_blobs(ipfs: Kubo, tmp_path: Path) -> None:
    tally = await rot(ipfs, tmp_path, 100)
    print(f"\n500 blobs on IPFS, decayed: {dict(tally)}")
    check(tally, 500)
