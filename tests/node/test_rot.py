"""Bit rot, here and at providers (C2): no wrong byte leaves the node; what has a good copy anywhere is healed."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from buckets import Copies, Gateway, gateway, until
from clips import numbered_clip
from nodes import Person, running_node

DECAYS: dict[str, Callable[[bytes], bytes]] = {
    "flip": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "truncate": lambda data: data[:-7],
    "zero": lambda data: bytes(len(data)),
}
PLACES = ("local", "bucket", "everywhere")
READINGS = ("full", "range", "head")
SIZE = 70_000


class Rot:
    """A node with a copy of everything in a bucket and in a folder."""

    def __init__(self, person: Person, cache: Path, bucket: Path, folder: Path) -> None:
        self.person = person
        self.copies = Copies(person.http)
        self.cache, self.bucket, self.folder = cache, bucket, folder
        self.tally: Counter[str] = Counter()

    def files(self, cid: str) -> dict[str, Path]:
        return {
            "local": self.cache / "blobs" / cid[-2:] / cid,
            "bucket": self.bucket / cid,
            "folder": self.folder / cid[-2:] / cid,
        }

    def spoil(self, cid: str, place: str, decay: str) -> None:
        """Make ``place`` rot; with the bucket the local file is lost, so that it is asked."""
        files = self.files(cid)
        for one in files if place == "everywhere" else [place]:
            files[one].chmod(0o600)
            files[one].write_bytes(DECAYS[decay](files[one].read_bytes()))
        if place == "bucket":
            files["local"].unlink()

    async def read(self, cid: str, reading: str, data: bytes, place: str) -> None:
        http, path = self.person.http, f"/cache/{cid}/raw"
        if reading == "head":
            answer = await http.head(path)
        else:
            answer = await http.get(path, headers={"Range": "bytes=60000-69999"} if reading == "range" else {})
        wanted = {"full": data, "range": data[60_000:], "head": b""}[reading]
        self.tally["read"] += 1
        if answer.status_code < 300:
            right = answer.content == wanted and (reading != "head" or answer.headers["content-length"] == str(SIZE))
            self.tally["right" if right else "wrong"] += 1
        else:
            assert answer.status_code == 502, answer.text
            self.tally["refused"] += 1
        assert (answer.status_code == 502) == (place == "everywhere"), (place, reading, answer.status_code)

    async def healed(self, cid: str, data: bytes) -> None:
        """Wait until every place is whole again."""

        async def whole() -> bool:
            files = self.files(cid).values()
            return all(file.is_file() and file.read_bytes() == data for file in files) and set(
                (await self.copies.of(cid)).values()
            ) == {"replicated"}

        await until(whole)
        self.tally["healed"] += 1


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("versitygw")) as running:
        yield running


async def rotting(folder: Path, service: Gateway, rounds: int) -> Counter[str]:
    lot = random.Random(5)
    name = service.bucket()
    async with running_node(folder / "home", workers=0) as (node, person):
        rot = Rot(person, node.settings.cache, service.root / name, folder / "disk")
        await rot.copies.add_bucket(service, name)
        await rot.copies.add_folder(folder / "disk")
        for _ in range(rounds):
            cases = [(case, lot.randbytes(SIZE)) for case in itertools.product(DECAYS, PLACES, READINGS)]
            cids = [await rot.copies.upload(data) for _, data in cases]
            await rot.copies.made(*cids)
            for ((decay, place, reading), data), cid in zip(cases, cids, strict=True):
                rot.spoil(cid, place, decay)
                await rot.read(cid, reading, data, place)
            for ((_, place, _), data), cid in zip(cases, cids, strict=True):
                if place != "everywhere":
                    await rot.healed(cid, data)
        return rot.tally


async def test_no_wrong_byte_leaves_the_node(tmp_path: Path, service: Gateway):
    tally = await rotting(tmp_path, service, 1)
    print(dict(tally))
    assert tally == {"read": 27, "right": 18, "refused": 9, "healed": 18}


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_no_wrong_byte_leaves_the_node_of_500_blobs(tmp_path: Path, service: Gateway):
    tally = await rotting(tmp_path, service, 19)
    print(dict(tally))
    assert tally == {"read": 513, "right": 342, "refused": 171, "healed": 342}


@pytest.mark.parametrize(
    "decay", [pytest.param(one, marks=pytest.mark.slow if one != "flip" else ()) for one in DECAYS]
)
async def test_a_step_reads_no_wrong_byte(tmp_path: Path, service: Gateway, decay: str):
    name = service.bucket()
    clip = numbered_clip(tmp_path / "clip.mp4", 6)
    async with running_node(tmp_path / "home", workers=1) as (node, person):
        rot = Rot(person, node.settings.cache, service.root / name, tmp_path / "disk")
        await rot.copies.add_bucket(service, name)
        await rot.copies.add_folder(tmp_path / "disk")
        cid = await person.upload(clip)
        await rot.copies.made(cid)
        wanted = await blurred(person, cid)
        output = wanted["output_cid"]
        await rot.copies.made(output)

        # An input that rots here is healed; a result that rots everywhere is a miss, and made again.
        rot.spoil(output, "everywhere", decay)
        rot.spoil(cid, "local", decay)
        again = await blurred(person, cid)
        assert (again["status"], again["output_cid"], again["passes_run"]) == ("completed", output, 1)
        assert rot.files(cid)["local"].read_bytes() == clip.read_bytes()
        await rot.healed(output, rot.files(output)["local"].read_bytes())

        # An input that rots everywhere fails the run.
        rot.spoil(cid, "everywhere", decay)
        failed = await person.run(effect="blur", inputs=[cid], config={"sigma": 3})
        assert (failed["status"], failed["output_cid"]) == ("failed", None)


async def blurred(person: Person, cid: str) -> dict[str, object]:
    return await person.run(effect="blur", inputs=[cid], config={"sigma": 2})
