"""A disk that is full at every stage (failures.md, C6), and what killed processes left half written (C8)."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from clips import numbered_clip
from nodes import Person, running_node

from artdagd.cid import CID, names_file
from artdagd.errors import StorageFull
from artdagd.store import BlobStore, Disk
from artdagd.store.files import Draft

MIB = 1 << 20
DISK = 64 * MIB
RESERVE = 4 * MIB
RECIPE = """
name: chain
inputs:
  clip: {{type: video}}
steps:
  - {{id: tint, type: EFFECT, inputs: [clip], config: {{effect: hue, degrees: {degrees}}}, cache: keep}}
  - {{id: dark, type: EFFECT, inputs: [tint], config: {{effect: vignette, angle: 0.5}}}}
output: dark
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 64 MiB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small filesystem")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small filesystem can't be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave ``leave`` bytes free."""
    ballast = disk / "ballast"
    state = os.statvfs(disk)
    with ballast.open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), max(1, state.f_bavail * state.f_frsize - leave))
    return ballast


def left_over(cache: Path) -> list[Path]:
    """What is half written, or is not what its name says."""
    wrong = [path for path in (cache / "tmp").iterdir() if path.name.startswith("draft-")]
    for path in (cache / "blobs").glob("*/*"):
        if not names_file(CID.parse(path.name), path):
            wrong.append(path)
    return wrong + list((cache / "quarantine").iterdir())


HEAD = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


async def announced(person: Person, size: int) -> int:
    """The status of an upload of ``size`` bytes of which nothing is sent but the announcement."""
    url = person.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST /cache/upload HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: {size}\r\n"
        f"Authorization: {person.http.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\n\r\n"
    )
    writer.write(head.encode() + HEAD)
    async with asyncio.timeout(30):
        status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def sent(person: Person, size: int) -> int:
    """The status of an upload of ``size`` bytes that were not announced."""

    async def body() -> AsyncIterator[bytes]:
        yield HEAD
        for _ in range(size // MIB):
            yield bytes(MIB)
        yield b"\r\n--B--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return (await person.http.post("/cache/upload", content=body(), headers=headers)).status_code


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
async def test_a_full_disk_loses_nothing_and_leaves_nothing_half_written(tmp_path: Path, disk: Path, rounds: int):
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    cache = disk / "cache"
    trials, wrong, kept = 0, [], []
    async with running_node(tmp_path / "home", cache_dir=cache, reserve_bytes=RESERVE) as (_, person):
        inputs = {"clip": await person.upload(clip)}
        for number in range(rounds):
            # An upload that does not fit is refused, and one that stops fitting on its way.
            ballast = fill(disk, RESERVE + 2 * MIB)
            for way in (announced, sent):
                trials += 1
                if (status := await way(person, 8 * MIB)) != 507:
                    wrong.append((way.__name__, status))
            # A small one still does: the reserve is for results and the database.
            trials += 1
            answer = await person.http.post("/cache/upload", files={"file": ("n", os.urandom(1000))})
            kept.append(answer.json()["cid"])
            # A run that finds no room fails with a clear word, and is done when it is tried again.
            ballast = fill(disk, random.randint(0, RESERVE + 4096))
            trials += 1
            text = RECIPE.format(degrees=number + 1)
            answer = await person.http.post("/api/run-recipe", json={"recipe_yaml": text, "inputs": inputs})
            run_id = None
            if answer.status_code == 202:
                run_id = answer.json()["run_id"]
                run = await person.finish(run_id)
                if run["status"] == "failed" and not {"disk", "space", "reserve", "free"} & set(
                    (run["error"]["title"] + " " + run["error"]["detail"]).lower().replace(",", "").split()
                ):
                    wrong.append(("run", run["error"]))
            elif answer.status_code != 507:
                wrong.append(("start", answer.status_code, answer.text))
            ballast.unlink()
            if run_id is None:
                run = await person.run(recipe_yaml=text, inputs=inputs)
            elif run["status"] == "failed":
                assert (await person.http.post(f"/runs/{run_id}/retry")).status_code == 202
                run = await person.finish(run_id)
            if run["status"] != "completed":
                wrong.append(("again", run["error"]))
            for cid in kept[-3:]:
                if (await person.http.get(f"/cache/{cid}/raw")).status_code != 200:
                    wrong.append(("lost", cid))
        wrong += left_over(cache)
    print(f"C6: {trials} trials, {len(wrong)} failures")
    assert wrong == []


class Full(Disk):
    """A disk on which the ``at``-th call fails for want of space, and each after it."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")

    def write(self, fd: int, data: bytes) -> None:
        self._spend()
        super().write(fd, data)

    def replace(self, source: Path, target: Path) -> None:
        self._spend()
        super().replace(source, target)


async def test_no_space_at_any_call_of_a_write(tmp_path: Path):
    async def put(store: BlobStore, folder: Path) -> None:
        await store.put_bytes(bytes(3 * MIB))
        await store.put_value({"beats": [0.5]}, "analysis")
        made = folder / "made"
        made.write_bytes(b"rendered")
        await store.adopt(made)

    failed = 0
    for at in range(100):
        disk = Full(at)
        store = BlobStore(tmp_path / str(at), reserve_bytes=0, disk=disk)
        await store.open()
        try:
            await put(store, tmp_path)
            break
        except StorageFull:
            failed += 1
        assert left_over(store.layout.root) == []
        disk.left = 1 << 30
        await put(store, tmp_path)
    assert failed >= 6


async def test_what_killed_processes_left_is_swept_and_what_lives_is_not(tmp_path: Path):
    store = BlobStore(tmp_path / "cache", reserve_bytes=0)
    await store.open()
    blobs = [(await store.put_bytes(os.urandom(100))).cid for _ in range(20)]
    live = [Draft.create(store.layout.tmp, Disk()) for _ in range(10)]
    for number in range(1000):
        (store.layout.tmp / f"draft-{number:016x}").write_bytes(b"half")
    again = BlobStore(tmp_path / "cache", reserve_bytes=0)
    await again.open()
    left = {path.name for path in store.layout.tmp.iterdir()}
    assert left == {draft.path.name for draft in live}, f"{len(left) - len(live)} of 1000 left"
    assert sorted(blobs) == sorted([cid async for cid in again.cids()])
    for draft in live:
        draft.discard()
