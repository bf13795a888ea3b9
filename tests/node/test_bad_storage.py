"""A provider over a bad network (D1): no upload or run is lost or held up, nothing is said to be copied that is not."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import Copies, Gateway, gateway, impatient, until
from clips import numbered_clip
from nodes import Person, running_node

from artdagd.cid import cid_of_bytes
from artdagd.hooks.manager import Plugins
from artdagd.runs import lanes
from artdagd.store import circuit
from artdagd.testing import FaultProxy, Toxic

KINDS = ("delay", "slice", "cut", "reset", "hang", "lie")
SIZE = 300_000
SECONDS = 1.0
"""Without a byte, after which a bucket gives up."""
BOUND = 30.0
"""Seconds in which every answer has to come, whatever the provider does: a busy machine, and two tries."""


class Bad:
    """A node with a bucket behind a proxy, and what came of it."""

    def __init__(self, person: Person, cache: Path, bucket: Path, proxy: FaultProxy) -> None:
        self.person = person
        self.copies = Copies(person.http)
        self.cache, self.bucket, self.proxy = cache, bucket, proxy
        self.tally: Counter[str] = Counter()
        self.slowest = 0.0

    async def upload(self, data: bytes) -> str:
        began = time.monotonic()
        cid = await self.copies.upload(data)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.tally["uploads"] += 1
        return cid

    async def look(self, cids: list[str]) -> None:
        """Count what is called replicated and is not there."""
        for cid in cids:
            if set((await self.copies.of(cid)).values()) == {"replicated"}:
                file = self.bucket / cid
                if not file.is_file() or cid_of_bytes(file.read_bytes()) != cid:
                    self.tally["false"] += 1

    async def read(self, cid: str, data: bytes) -> None:
        """What only the provider has is given whole or not at all, in time."""
        (self.cache / "blobs" / cid[-2:] / cid).unlink(missing_ok=True)
        began = time.monotonic()
        answer = await self.person.http.get(f"/cache/{cid}/raw")
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.tally["reads"] += 1
        if answer.status_code == 200:
            assert answer.content == data
        else:
            assert answer.status_code in (502, 503), answer.text
            self.tally["refused reads"] += 1

    async def strike(self, kind: str, lot: random.Random) -> None:
        """Upload, read, delete while the network is bad; then everything has to come right."""
        kept = [(data := lot.randbytes(SIZE), await self.upload(data)) for _ in range(2)]
        await self.copies.made(*(cid for _, cid in kept))
        after = lot.choice((0, lot.randrange(60), lot.randrange(SIZE)))
        for direction in ("up", "down"):
            before = self.proxy.injected.total()
            self.proxy.toxic = Toxic(kind, direction, after if direction == "up" else 0)  # type: ignore[arg-type]
            new = [await self.upload(lot.randbytes(SIZE)) for _ in range(2)]
            await self.read(kept[0][1], kept[0][0])
            await self.look([*new, kept[1][1]])
            gone = await self.upload(lot.randbytes(SIZE))
            assert (await self.person.http.delete(f"/cache/{gone}")).status_code == 204

            async def struck(before: int = before) -> bool:
                return self.proxy.injected.total() > before

            await until(struck)
            self.tally["struck"] += self.proxy.injected.total() - before
            await self.look(new)
            self.proxy.toxic = None
            await self.copies.made(*new)
            await self.look(new)

            async def forgotten(gone: str = gone) -> bool:
                return not (self.bucket / gone).exists()

            await until(forgotten)
            await self.read(kept[0][1], kept[0][0])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("versitygw")) as running:
        yield running


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    load = Plugins.load
    monkeypatch.setattr(Plugins, "load", lambda: impatient(load(), SECONDS))
    monkeypatch.setattr(lanes, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(lanes, "LONGEST_WAIT", 0.5)
    monkeypatch.setattr(circuit, "FIRST", 0.1)
    monkeypatch.setattr(circuit, "MOST", 0.5)


async def battered(folder: Path, service: Gateway, kinds: tuple[str, ...], rounds: int) -> Bad:
    lot = random.Random(7)
    name = service.bucket()
    async with (
        FaultProxy("127.0.0.1", service.port) as proxy,
        running_node(folder / "home", workers=1) as (node, person),
    ):
        bad = Bad(person, node.settings.cache, service.root / name, proxy)
        await bad.copies.add_bucket(service, name, port=proxy.port)
        for _ in range(rounds):
            for kind in kinds:
                await bad.strike(kind, lot)
        bad.proxy.toxic = Toxic("hang", "down")
        clip = await person.upload(numbered_clip(folder / "clip.mp4", 5))
        run = await person.run(effect="blur", inputs=[clip], config={"sigma": 2})
        assert run["status"] == "completed", run
        bad.proxy.toxic = None
        await bad.copies.made(clip, run["output_cid"])
        return bad


def told(bad: Bad) -> str:
    return f"{dict(bad.tally)}, struck {dict(bad.proxy.injected)}, slowest answer {bad.slowest:.2f} s"


@pytest.mark.timeout(300)
async def test_a_bad_network_loses_and_feigns_nothing(tmp_path: Path, service: Gateway):
    bad = await battered(tmp_path, service, ("lie",), 1)
    print(told(bad))
    assert bad.tally["false"] == 0
    assert bad.slowest < BOUND


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_a_bad_network_loses_and_feigns_nothing_for_long(tmp_path: Path, service: Gateway):
    bad = await battered(tmp_path, service, KINDS, 10)
    print(told(bad))
    assert set(bad.proxy.injected) == set(KINDS)
    assert bad.tally["false"] == 0
    assert bad.slowest < BOUND
