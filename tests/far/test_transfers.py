"""Transfers over a bad network, and where what was fetched is kept: whole or not at all, within the bound."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from elsewhere import Desk, client, until

from artdagd.cid import cid_of_bytes
from artdagd.errors import ConfigError, StepFailed
from artdagd.testing.proxy import FaultProxy, Toxic
from artdagd.workers import carrier as carriers
from artdagd.workers import messages, tickets
from artdagd.workers.carrier import Carrier
from artdagd.workers.depot import Depot
from artdagd.workers.far import Transfer, Unwanted

DATA = os.urandom(3_000_000)
FAULTS = [
    Toxic("delay", direction, seconds=0.005) for direction in ("down", "up")
] + [Toxic("slice", "down", piece=700)] + [
    Toxic(kind, direction, after=1_000_000, times=times)
    for direction in ("down", "up")
    for kind, times in (("cut", 2), ("reset", 2), ("lie", 1), ("hang", 1))
]  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "WAITS", (0.01,) * 5)
    monkeypatch.setattr(carriers, "TIMEOUT", httpx.Timeout(2.0, connect=5.0, pool=None))


def transfer(cancelled: threading.Event | None = None) -> Transfer:
    return Transfer((cancelled or threading.Event()).is_set, lambda: None)


def nothing_half_done(far: Desk, depot: Path) -> bool:
    parts = [name for name in far.results() if name.startswith("part")]
    return not parts and not list(depot.glob("tmp/*")) and not list(depot.glob("work/*/*"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {fault.direction}")
async def test_files_come_whole_over_a_bad_network(far: Desk, tmp_path: Path, fault: Toxic):
    source = far.blob(DATA)
    peer, waiting, given = await far.leased(far.render(source))
    apart = given.apart
    assert apart
    port = int(far.url.rpartition(":")[2])
    async with FaultProxy("127.0.0.1", port) as proxy:
        proxy.toxic = fault
        depot = Depot(tmp_path / "depot")
        carrier = Carrier(f"http://127.0.0.1:{proxy.port}", depot)

        def carry() -> str:
            with depot.work(given.fence) as folder:
                job = carrier.fetch(given, apart, folder, transfer())
                assert isinstance(job, messages.RenderJob)
                assert Path(job.render.sources["s0"]).read_bytes() == DATA
                (folder / "film").write_bytes(DATA[::-1])
                return carrier.send(given.fence, apart, folder / "film", transfer())

        await asyncio.to_thread(carry)
        assert proxy.injected[fault.kind] >= 1
    assert [path.read_bytes() == DATA[::-1] for path in far.scratch.glob("*/output.mov")] == [True]
    await until(lambda: nothing_half_done(far, tmp_path / "depot"))
    waiting.cancel()
    peer.close()


async def test_a_broken_transfer_goes_on_where_it_stood(far: Desk, tmp_path: Path):
    source = far.blob(DATA)
    peer, waiting, given = await far.leased(far.render(source))
    apart = given.apart
    assert apart
    async with FaultProxy("127.0.0.1", int(far.url.rpartition(":")[2])) as proxy:
        # More cuts than tries that may get no further; a start from nothing would never come to the end.
        proxy.toxic = Toxic("cut", after=400_000)
        depot = Depot(tmp_path / "depot")
        carrier = Carrier(f"http://127.0.0.1:{proxy.port}", depot)
        with depot.work(given.fence) as folder:
            await asyncio.to_thread(carrier.fetch, given, apart, folder, transfer())
            assert (folder / source.name).read_bytes() == DATA
        assert proxy.injected["cut"] > len(carriers.WAITS)
    waiting.cancel()
    peer.close()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Toxic("delay"), "not the bytes that its CID names"),
        (Toxic("hang", after=50_000), "ReadTimeout"),
        (Toxic("cut", after=0), "disconnected"),
        (None, "ConnectError"),
    ],
    ids=["decayed", "hang", "cut", "nobody"],
)
async def test_what_can_not_be_had_is_named(far: Desk, tmp_path: Path, monkeypatch, fault: Toxic | None, why: str):
    monkeypatch.setattr(carriers, "TIMEOUT", httpx.Timeout(0.2))
    source = far.blob(DATA[:100_000])
    if why.startswith("not"):
        source.write_bytes(DATA[1:100_001])
    peer, waiting, given = await far.leased(far.render(source))
    apart = given.apart
    assert apart
    async with FaultProxy("127.0.0.1", int(far.url.rpartition(":")[2])) as proxy:
        proxy.toxic = fault
        url = f"http://127.0.0.1:{proxy.port if fault else 1}"
        depot = Depot(tmp_path / "depot")
        with depot.work(given.fence) as folder, pytest.raises(StepFailed) as failure:
            await asyncio.to_thread(Carrier(url, depot).fetch, given, apart, folder, transfer())
    assert (failure.value.code, failure.value.retryable) == ("transfer", True)
    for word in ("input s0", source.name, url, why):
        assert word in failure.value.detail
    assert tickets.SCHEME not in failure.value.detail
    assert nothing_half_done(far, tmp_path / "depot")
    assert depot.kept() == {}
    waiting.cancel()
    peer.close()


@pytest.mark.parametrize("direction", ["down", "up"])
async def test_a_transfer_that_nobody_wants_stops_at_once(far: Desk, tmp_path: Path, direction: str):
    source = far.blob(DATA)
    peer, waiting, given = await far.leased(far.render(source))
    apart = given.apart
    assert apart
    depot = Depot(tmp_path / "depot")
    cancelled = threading.Event()
    async with FaultProxy("127.0.0.1", int(far.url.rpartition(":")[2])) as proxy:
        carrier = Carrier(f"http://127.0.0.1:{proxy.port}", depot)
        proxy.toxic = Toxic("hang", "down" if direction == "down" else "up", after=1_000_000)
        (tmp_path / "film").write_bytes(DATA)

        def carry() -> None:
            with depot.work(given.fence) as folder:
                if direction == "down":
                    carrier.fetch(given, apart, folder, transfer(cancelled))
                else:
                    carrier.send(given.fence, apart, tmp_path / "film", transfer(cancelled))

        going = asyncio.create_task(asyncio.to_thread(carry))
        await until(lambda: proxy.injected["hang"])
        cancelled.set()
        with pytest.raises(Unwanted):
            await asyncio.wait_for(going, 30)
    await until(lambda: nothing_half_done(far, tmp_path / "depot"))
    assert far.results() == []
    waiting.cancel()
    peer.close()


def fill(depot: Depot, data: bytes, place: Path) -> str:
    cid = cid_of_bytes(data)
    arriving = depot.arrive(cid, len(data))
    assert arriving
    arriving.write(data)
    assert arriving.keep(place)
    arriving.discard()
    return cid


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    made = Depot(tmp_path / "depot", 1000)
    with made.work(1):
        yield made


def test_what_was_used_least_lately_makes_room_and_what_is_in_use_stays(depot: Depot, tmp_path: Path):
    old, mid, new = (fill(depot, letter * 300, tmp_path / letter.decode()) for letter in (b"a", b"b", b"c"))
    for letter in "abc":
        os.utime(tmp_path / letter, ns=(1000 * ord(letter), os.stat(tmp_path / letter).st_mtime_ns))
        (tmp_path / letter).unlink()
    assert depot.lend(old, tmp_path / "again")  # it is used, and in use
    fill(depot, b"d" * 300, tmp_path / "d")
    assert set(depot.kept()) == {old, new, cid_of_bytes(b"d" * 300)}
    (tmp_path / "again").unlink()
    fill(depot, b"e" * 300, tmp_path / "e")
    assert old in depot.kept(), "it was used after the other"
    with pytest.raises(StepFailed, match="cache-bytes") as failure:
        depot.arrive(mid, 500)
    assert (failure.value.code, failure.value.retryable) == ("disk_full", True)
    assert sum(depot.kept().values()) <= 1000
    assert not list((tmp_path / "depot" / "tmp").iterdir())


def test_what_decayed_is_fetched_anew(depot: Depot, tmp_path: Path):
    cid = fill(depot, b"a" * 300, tmp_path / "a")
    kept = tmp_path / "depot" / "blobs" / cid
    kept.chmod(0o600)
    kept.write_bytes(b"b" * 300)
    assert not depot.lend(cid, tmp_path / "again")
    assert depot.kept() == {}
    assert not (tmp_path / "again").exists()


def test_of_two_that_want_the_same_one_fetches_it(depot: Depot, tmp_path: Path):
    other = Depot(tmp_path / "depot", 1000)
    data = b"a" * 300
    cid = cid_of_bytes(data)
    arriving = depot.arrive(cid, 300)
    assert arriving
    assert other.arrive(cid, 300) is None
    arriving.write(data)
    assert arriving.keep(tmp_path / "a")
    assert other.arrive(cid, 300) or other.lend(cid, tmp_path / "b")
    arriving.discard()
    assert depot.lend(cid, tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == data


def test_what_a_killed_worker_left_is_swept_and_the_livings_is_not(depot: Depot, tmp_path: Path):
    code = """
import os, signal, sys
from pathlib import Path
from artdagd.workers.depot import Depot
depot = Depot(Path(sys.argv[1]), 1000)
with depot.work(7) as folder:
    (folder / "film").write_text("half")
    arriving = depot.arrive(sys.argv[2], 300)
    arriving.write(b"a" * 100)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    cid = cid_of_bytes(b"a" * 300)
    command = [sys.executable, "-c", code, str(tmp_path / "depot"), cid]
    subprocess.run(command, check=False, timeout=60)
    left = sorted(path.name for path in (tmp_path / "depot").glob("*/*"))
    assert f"draft-{cid}" in left
    mine = depot.arrive(cid_of_bytes(b"mine"), 4)
    assert mine
    Depot(tmp_path / "depot", 1000)
    assert not (tmp_path / "depot" / "tmp" / f"draft-{cid}").exists()
    assert not list((tmp_path / "depot" / "work").glob("*/7"))
    mine.write(b"mine")
    assert mine.keep(tmp_path / "m")
    mine.discard()


def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be used"):
        Depot(tmp_path / "file")


async def test_a_result_that_the_disk_has_no_room_for_is_refused_before_it_comes(far: Desk, monkeypatch):
    peer, waiting, given = await far.leased(far.render(far.blob(b"source")))
    assert given.apart
    monkeypatch.setattr(far.exchange, "_reserve", 1 << 60)
    sha256 = "0" * 64
    headers = {
        "Authorization": tickets.to_write(given.apart.key, given.fence, sha256, 10),
        "Content-Digest": tickets.digest_header(sha256),
    }
    async with client(far.url) as http:
        answer = await http.put("/worker/result", content=b"0123456789", headers=headers)
    assert answer.status_code == 507
    assert far.results() == []
    waiting.cancel()
    peer.close()
