"""An IPFS node and a gateway that lie (row D2): nothing wrong is accepted, nothing is called kept that is not."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode

from artdagd.cid import CID, cid_of_bytes
from artdagd.errors import ArtdagError
from artdagd.hooks import Outbound
from artdagd.store import BlobStore
from artdagd.store.fetching import Reach
from artdagd.store.gateway import Gateway
from artdagd.store.providers import Providers
from tests.ipfs.liar import LIES, Liar, liar
from tests.kubo import Kubo

SIZES = (0, 1, 1000, (1 << 20) - 1, (1 << 20) + 1, (2 << 20) + 77)


class Trial:
    """One blob, one liar: it is saved, read back, and read as what others have. ``tally`` counts what came of it."""

    def __init__(self, ipfs: Kubo, lying: Liar, folder: Path, tally: Counter[str]) -> None:
        self._ipfs = ipfs
        self._lying = lying
        self._folder = folder
        self._tally = tally
        self._name = folder.name

    async def run(self, data: bytes) -> None:
        self._folder.mkdir()
        path = self._folder / "data"
        path.write_bytes(data)
        cid = cid_of_bytes(data)
        await self._save(cid, path, data)
        self._lying.lie, lie = None, self._lying.lie
        true = self._node(self._ipfs.api)
        await true.save(cid, path)
        await true.close()
        self._lying.lie = lie
        await self._read(cid, data)
        layout = random.Random(cid).choice(((), ("--cid-version=1", "--trickle", "--chunker=size-300000")))
        await self._fetch(self._ipfs.run("add", "--quieter", *layout, data=data), data)

    def _node(self, api: str) -> IpfsNode:
        return IpfsNode(IpfsConfig(api=api, pin_name=self._name), timeout=10.0)

    async def _save(self, cid: str, path: Path, data: bytes) -> None:
        providers = Providers(10.0)
        await providers.add("ipfs", self._node(self._lying.url))
        provider = providers.get("ipfs")
        assert provider is not None
        try:
            await providers.save(provider, cid, path, len(data))
        except (OSError, ArtdagError):
            self._tally["save refused"] += 1
        else:
            kept = cid in self._ipfs.pins() and self._ipfs.run("cat", "--length=0", cid) == ""
            self._tally["save right" if kept else "false success"] += 1
        await providers.close()

    async def _read(self, cid: str, data: bytes) -> None:
        store = BlobStore(self._folder / "store", reserve_bytes=0, providers=Providers(10.0))
        await store.open()
        await store.providers.add("ipfs", self._node(self._lying.url))
        try:
            got = (await store.path(cid)).read_bytes()
        except ArtdagError:
            self._tally["read refused"] += 1
        else:
            self._tally["read right" if got == data else "wrong bytes"] += 1
        await store.providers.close()

    async def _fetch(self, cid: str, data: bytes) -> None:
        node, outbound = self._node(self._lying.url), Outbound(private=("127.0.0.1",))
        try:
            _, chunks = await Reach((node, Gateway(outbound, f"{self._lying.url}/ipfs"))).read(CID.parse(cid), 1 << 30)
            got = b"".join([chunk async for chunk in chunks])
        except ArtdagError:
            self._tally["fetch refused"] += 1
        else:
            self._tally["fetch right" if got == data else "wrong bytes"] += 1
        await node.close()
        await outbound.close()


async def lied_to(ipfs: Kubo, folder: Path, trials: int, chance: float) -> Counter[str]:
    tally: Counter[str] = Counter()
    async with liar(ipfs) as lying:
        lying.chance = chance
        for lie in LIES:
            lot = random.Random(f"{lie.__name__} {chance}")
            lying.lie, lying.lot, lying.lied = lie, lot, 0
            for number in range(trials):
                lying.lie = lie
                data = lot.randbytes(lot.choice(SIZES))
                await Trial(ipfs, lying, folder / f"{lie.__name__}-{number}", tally).run(data)
            assert lying.lied, f"{lie.__name__} was never tried"
    return tally


async def test_a_liar_is_not_believed(ipfs: Kubo, tmp_path: Path) -> None:
    tally = await lied_to(ipfs, tmp_path, 2, 1.0)
    assert not tally["wrong bytes"], tally
    assert not tally["false success"], tally
    assert tally["save refused"], tally
    assert tally["read refused"], tally
    assert tally["fetch refused"], tally


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("chance", [1.0, 0.3])
async def test_fifty_times_each(ipfs: Kubo, tmp_path: Path, chance: float) -> None:
    tally = await lied_to(ipfs, tmp_path, 50, chance)
    print(f"\n{len(LIES)} lies, 50 times each, told {chance:.0%} of the time: {dict(sorted(tally.items()))}")
    assert not tally["wrong bytes"]
    assert not tally["false success"]
    assert tally.total() == len(LIES) * 50 * 3
