"""Imports of what is no plain file, has no end, or changes under the reader (F6, F7)."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from nodes import Person, running_node

from artdagd.node import Node
from artdagd.store import importing
from artdagd.store.beneath import open_beneath

HANG = 10.0
"""Seconds after which an answer counts as none."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Path, Node, Person]]:
    """A folder with the import root ``media`` and the file ``canary``; the node imports from /dev and /proc, too."""
    (tmp_path / "media").mkdir()
    (tmp_path / "canary").write_bytes(secrets.token_hex(24).encode())
    roots = (tmp_path / "media", Path("/dev"), Path("/proc"))
    async with running_node(tmp_path / "home", workers=0, import_roots=roots) as (node, person):
        yield tmp_path, node, person


async def bring(person: Person, path: object) -> httpx.Response:
    return await asyncio.wait_for(person.http.post("/cache/import", params={"path": str(path)}), HANG)


async def test_an_import_is_an_upload(place: tuple[Path, Node, Person]):
    folder, _, person = place
    data = secrets.token_bytes(3 << 20)
    (folder / "media/take 3.mp4").write_bytes(data)
    answer = await bring(person, "take 3.mp4")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["size"], body["filename"], body["existed"]) == (len(data), "take 3.mp4", False)
    assert (await person.http.get(f"/cache/{body['cid']}/raw")).content == data
    sent = await person.http.post("/cache/upload", files={"file": data})
    assert (sent.json()["cid"], sent.json()["existed"]) == (body["cid"], True)
    assert (await bring(person, folder / "media/take 3.mp4")).json()["existed"] is True


async def test_the_limits_of_an_upload_hold(tmp_path: Path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media/large").write_bytes(b"x" * 101)
    (tmp_path / "media/small").write_bytes(b"x" * 100)
    options = {"import_roots": (tmp_path / "media",), "max_upload_bytes": 100}
    async with running_node(tmp_path / "home", workers=0, **options) as (_, person):
        assert [(await bring(person, name)).status_code for name in ("large", "small")] == [413, 201]
    async with running_node(tmp_path / "home", workers=0, **options, reserve_bytes=1 << 60) as (_, person):
        assert (await bring(person, "small")).status_code == 507
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        refused = await bring(person, tmp_path / "media/small")
        assert refused.status_code == 403
        assert "ARTDAG_IMPORT_ROOTS" in refused.json()["advice"]
        assert (await person.http.post("/cache/import")).status_code == 400
        headers = {"Authorization": ""}
        assert (await person.http.post("/cache/import?path=small", headers=headers)).status_code == 401


def fifo(media: Path) -> str:
    os.mkfifo(media / "fifo.mp4")
    return "fifo.mp4"


def endless_sparse(media: Path) -> str:
    with (media / "sparse.mp4").open("wb") as out:
        out.truncate(1 << 40)
    return "sparse.mp4"


def listening(media: Path) -> str:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(media / "socket.mp4"))
    return "socket.mp4"


def link_inside(media: Path) -> str:
    (media / "plain.mp4").write_bytes(b"inside")
    (media / "link.mp4").symlink_to("plain.mp4")
    return "link.mp4"


def link_outside(media: Path) -> str:
    (media / "link.mp4").symlink_to("../canary")
    return "link.mp4"


def link_on_the_way(media: Path) -> str:
    (media / "folder").symlink_to("..")
    return "folder/canary"


def hard_link(media: Path) -> str:
    (media / "hard.mp4").hardlink_to(media.parent / "canary")
    return "hard.mp4"


def folder(media: Path) -> str:
    (media / "folder").mkdir()
    return "folder"


CASES: list[tuple[str, Callable[[Path], str], int]] = [
    ("a device without end", lambda _: "/dev/zero", 403),
    ("a FIFO that nobody writes to", fifo, 403),
    ("a file of /proc that says it is empty", lambda _: "/proc/version", 409),
    ("a magic link of /proc", lambda _: f"/proc/{os.getpid()}/exe", 403),
    ("a sparse file of 1 TiB", endless_sparse, 413),
    ("a folder", folder, 403),
    ("a socket", listening, 403),
    ("a link that leads inside", link_inside, 403),
    ("a link that leads outside", link_outside, 403),
    ("a link on the way", link_on_the_way, 403),
    ("a hard link to a file outside", hard_link, 403),
]
CHANGING = ("grows", "shrinks")


@pytest.mark.parametrize(("status", "make"), [pytest.param(s, m, id=name) for name, m, s in CASES])
async def test_what_is_no_plain_file(place: tuple[Path, Node, Person], status: int, make: Callable[[Path], str]):
    await refuse(place, status, make, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("status", "make"), [pytest.param(s, m, id=name) for name, m, s in CASES])
async def test_what_is_no_plain_file_often(place: tuple[Path, Node, Person], status: int, make: Callable[[Path], str]):
    await refuse(place, status, make, 20)


async def refuse(place: tuple[Path, Node, Person], status: int, make: Callable[[Path], str], tries: int) -> None:
    folder, _, person = place
    path = make(folder / "media")
    for _ in range(tries):
        answer = await bring(person, path)
        assert answer.status_code == status, answer.text
        assert (folder / "canary").read_bytes() not in answer.content
    assert (await person.http.get("/media")).json()["total"] == 0
    assert not list((folder / "home/cache/tmp").iterdir())


@pytest.mark.parametrize("how", CHANGING)
async def test_a_file_that_changes_while_it_is_read(
    place: tuple[Path, Node, Person], how: str, monkeypatch: pytest.MonkeyPatch
):
    folder, _, person = place
    path = folder / "media/film.mp4"
    with path.open("wb") as out:
        out.truncate(8 << 20)
    read = importing._read

    def changed(file: int, count: int) -> bytes:
        data = read(file, count)
        os.truncate(path, path.stat().st_size + (1 if how == "grows" else -1))
        return data

    for _ in range(3):
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(importing, "_read", changed)
            answer = await bring(person, path)
        assert answer.status_code == 409, answer.text
    assert (await person.http.get("/media")).json()["total"] == 0
    assert not list((folder / "home/cache/tmp").iterdir())
    assert (await bring(person, path)).status_code == 201


async def test_what_is_mounted_under_a_root_belongs_to_it(place: tuple[Path, Node, Person]):
    if not os.path.ismount("/dev/shm"):
        pytest.skip("nothing is mounted at /dev/shm")
    shared = Path("/dev/shm") / f"artdagd-{secrets.token_hex(8)}"
    shared.write_bytes(b"mounted")
    try:
        assert (await bring(place[2], shared)).status_code == 201
    finally:
        shared.unlink()


async def test_an_import_ends_when_its_client_goes(place: tuple[Path, Node, Person]):
    folder, _, person = place
    with (folder / "media/long.mp4").open("wb") as out:
        out.truncate(8 << 30)
    tmp = folder / "home/cache/tmp"
    asking = asyncio.create_task(bring(person, "long.mp4"))
    async with asyncio.timeout(HANG):
        while not any(draft.stat().st_size for draft in tmp.iterdir()):
            await asyncio.sleep(0.005)
    asking.cancel()
    async with asyncio.timeout(HANG):
        while list(tmp.iterdir()):
            await asyncio.sleep(0.005)
    assert (await person.http.get("/media")).json()["total"] == 0


SWAP = """
import ctypes, select, sys
libc, here, exchange, left = ctypes.CDLL(None, use_errno=True), -100, 2, int(sys.argv[1])
names = [name.encode() for name in sys.argv[2:]]
while left > 0 or not select.select([0], [], [], 0)[0]:
    assert libc.renameat2(here, names[0], here, names[1], exchange) == 0, ctypes.get_errno()
    left -= 1
"""
"""Exchanges two names (renameat2(2)) until its input is closed."""


def file_and_link(folder: Path) -> tuple[str, str, str]:
    (folder / "media/clip").write_bytes(b"inside")
    (folder / "media/other").symlink_to("../canary")
    return "clip", "media/clip", "media/other"


def folder_and_link(folder: Path) -> tuple[str, str, str]:
    (folder / "media/day").mkdir()
    (folder / "media/day/canary").write_bytes(b"inside")
    (folder / "media/other").symlink_to("..")
    return "day/canary", "media/day", "media/other"


def folder_moved_out(folder: Path) -> tuple[str, str, str]:
    """While it is outside, the way up from it leads to the canary."""
    (folder / "media/day/take").mkdir(parents=True)
    (folder / "media/day/canary").write_bytes(b"inside")
    (folder / "outside/take").mkdir(parents=True)
    (folder / "outside/canary").write_bytes((folder / "canary").read_bytes())
    return "day/" + "take/../" * 400 + "canary", "media/day/take", "outside/take"


@contextmanager
def swapping(folder: Path, names: list[str], least: int) -> Iterator[None]:
    """Exchange the two names as long as this is open, and until it was done ``least`` times."""
    command = [sys.executable, "-c", SWAP, str(least), *(str(folder / name) for name in names)]
    swapper = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        swapper.communicate()
    assert swapper.returncode == 0


RACES = [file_and_link, folder_and_link]


@pytest.mark.parametrize("make", RACES)
async def test_what_is_swapped_during_an_import(place: tuple[Path, Node, Person], make: Callable[..., tuple[str, ...]]):
    await race(place, make, imports=50, swaps=500)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("make", RACES)
async def test_what_is_swapped_often(place: tuple[Path, Node, Person], make: Callable[..., tuple[str, ...]]):
    await race(place, make, imports=1000, swaps=20_000)


async def race(
    place: tuple[Path, Node, Person], make: Callable[..., tuple[str, ...]], imports: int, swaps: int
) -> None:
    folder, _, person = place
    path, *names = make(folder)
    statuses = set()
    with swapping(folder, names, swaps):
        for _ in range(imports):
            answer = await bring(person, path)
            statuses.add(answer.status_code)
            assert answer.status_code in (201, 403, 404, 409), answer.text
    assert 201 in statuses
    assert len(statuses) > 1, "no import met a swap"
    (entry,) = (await person.http.get("/media")).json()["items"]
    assert (await person.http.get(f"/cache/{entry['cid']}/raw")).content == b"inside"


@pytest.mark.parametrize("make", [*RACES, folder_moved_out])
def test_what_is_swapped_during_an_opening(tmp_path: Path, make: Callable[..., tuple[str, ...]]):
    """The same without all that takes longer, so that an opening meets swaps often."""
    race_openings(tmp_path, make, openings=2000)


@pytest.mark.slow
@pytest.mark.parametrize("make", [*RACES, folder_moved_out])
def test_what_is_swapped_during_many_openings(tmp_path: Path, make: Callable[..., tuple[str, ...]]):
    race_openings(tmp_path, make, openings=100_000)


def race_openings(tmp_path: Path, make: Callable[..., tuple[str, ...]], openings: int) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "canary").write_bytes(b"outside")
    path, *names = make(tmp_path)
    root = os.open(tmp_path / "media", os.O_PATH)
    ends = Counter[int]()
    with swapping(tmp_path, names, openings):
        deadline = time.monotonic() + 20
        while (ends.total() < openings or len(ends) < 2) and time.monotonic() < deadline:
            try:
                file = open_beneath(root, path, os.O_RDONLY)
            except OSError as error:
                ends[error.errno] += 1
                continue
            assert os.read(file, 100) == b"inside"
            os.close(file)
            ends[0] += 1
    os.close(root)
    assert ends[0]
    assert len(ends) > 1, "no opening met a swap"


def test_the_counts_are_told():
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    assert re.search(rf"^\| F7 \| .* \| {len(CASES) + len(CHANGING)} \| 0 \|$", page, re.MULTILINE)
