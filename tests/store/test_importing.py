"""Files under import roots: what is opened, what is refused, and that nothing hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artdagd.errors import ArtdagError, ConfigError, Conflict, Forbidden, InvalidRequest, NotFound, TooBusy, Unavailable
from artdagd.store import Imports, beneath, importing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    (root / "sub").mkdir(parents=True)
    (root / "a.mp4").write_bytes(b"inside")
    (root / "sub/b.mp4").write_bytes(b"deeper")
    (tmp_path / "outside").write_bytes(b"outside")
    (tmp_path / "media-of-others").mkdir()
    (tmp_path / "media-of-others/c.mp4").write_bytes(b"outside")
    return root


def imports(*roots: Path, **options: object) -> Imports:
    return Imports(roots, **{"limit": 1 << 30, **options})  # type: ignore[arg-type]


async def read(source: Imports, path: object) -> bytes:
    async with source.open(str(path)) as file:
        data = b"".join([chunk async for chunk in file.chunks()])
        assert len(data) == file.size
        return data


async def test_a_path_is_absolute_or_counts_from_the_first_root_that_has_it(root: Path, tmp_path: Path):
    other = tmp_path / "other"
    (other / "sub").mkdir(parents=True)
    (other / "a.mp4").write_bytes(b"second")
    (other / "only.mp4").write_bytes(b"only here")
    both = imports(root, tmp_path / "not-mounted", other)
    assert await read(both, "a.mp4") == b"inside"
    assert await read(both, "only.mp4") == b"only here"
    assert await read(both, other / "a.mp4") == b"second"
    assert await read(both, f"/{root}//sub/./b.mp4") == b"deeper"
    assert await read(both, "sub/../a.mp4") == b"inside"
    with pytest.raises(NotFound):
        await read(both, "sub/only.mp4")


async def test_a_root_may_be_named_by_a_link(root: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(root)
    for path in (tmp_path / "link/a.mp4", root / "a.mp4", "a.mp4"):
        assert await read(imports(tmp_path / "link"), path) == b"inside"


@pytest.mark.parametrize(
    "path",
    ["../outside", "{0}/../outside", "{0}/../media-of-others/c.mp4", "{0}-of-others/c.mp4", "sub/../../outside",
     "/proc/self/root{0}/a.mp4", "/etc/passwd", "/", "{0}", ".", "sub", ".."],
)  # fmt: skip
async def test_what_is_not_under_a_root_is_refused(root: Path, path: str):
    with pytest.raises(Forbidden):
        await read(imports(root), path.format(root))


async def test_without_roots_there_is_a_remedy():
    with pytest.raises(Forbidden, match="no import roots") as refused:
        await read(imports(), "/etc/passwd")
    assert "ARTDAG_IMPORT_ROOTS" in refused.value.advice


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "a" * 5000, "a" * 300])
async def test_what_can_be_no_path(root: Path, path: str):
    with pytest.raises(InvalidRequest):
        await read(imports(root), path)


async def test_a_root_is_not_where_the_node_keeps_its_own(root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "link").symlink_to(root)
    for named in (root, tmp_path, root / "sub", tmp_path / "link"):
        with pytest.raises(ConfigError, match=r"import_roots: .*folders of the node itself"):
            await imports(named, own=(root,) if named != tmp_path / "link" else (root / "sub",)).check()
        with pytest.raises(Forbidden):
            await read(imports(named, own=(root,)), "a.mp4")
    await imports(root, tmp_path / "not-mounted", own=(tmp_path / "media-of-others",)).check()
    assert "not-mounted" in caplog.text


async def test_without_openat2_nothing_is_opened(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(beneath, "OPENAT2", 100_000)
    with pytest.raises(ConfigError, match="openat2"):
        await imports(root).check()
    with pytest.raises(Unavailable):
        await read(imports(root), "a.mp4")
    await imports().check()


@pytest.mark.parametrize("change", ["grow", "shrink", "write", "grow at the end"])
async def test_a_file_that_changes_is_refused(root: Path, change: str):
    path = root / "long.mp4"
    path.write_bytes(b"x" * (3 * importing.PIECE))
    os.utime(path, (1, 1))
    async with imports(root).open("long.mp4") as file:
        with pytest.raises(Conflict, match="changed"):
            await read_and_alter(file, path, change)


async def read_and_alter(file: importing.Source, path: Path, change: str) -> None:
    count = 0
    async for chunk in file.chunks():
        count += len(chunk)
        alter(path, change, done=count == file.size)


def alter(path: Path, change: str, *, done: bool) -> None:
    with path.open("r+b") as out:
        if change == "shrink":
            out.truncate(importing.PIECE)
        elif change == "write":
            out.write(b"y")
        elif change == "grow" or done:
            out.seek(0, os.SEEK_END)
            out.write(b"more")


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that hangs until the event is set."""
    free = threading.Event()

    def read(file: int, count: int) -> bytes:
        free.wait(60)
        return os.read(file, count)

    monkeypatch.setattr(importing, "_read", read)
    yield free
    free.set()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_disk_that_hangs_is_given_up_and_counts_until_it_lets_go(root: Path, stuck: threading.Event):
    source, before = imports(root, silence=0.05), descriptors()
    for _ in range(importing.MOST):
        with pytest.raises(Unavailable, match=r"nothing came for 0\.05 s"):
            await read(source, "a.mp4")
    with pytest.raises(TooBusy):
        await read(source, "a.mp4")
    stuck.set()
    await until(lambda: descriptors() <= before)
    for _ in range(100):  # on a busy machine a sound disk is as slow as that, too
        with contextlib.suppress(Unavailable):
            assert await read(source, "a.mp4") == b"inside"
            return
    pytest.fail("the disk answers, and is taken to hang")


@pytest.mark.slow
async def test_a_cancelled_import_lets_go(root: Path, stuck: threading.Event):
    source, before = imports(root), descriptors()
    task = asyncio.create_task(read(source, "a.mp4"))
    await until(lambda: descriptors() > before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stuck.set()
    await until(lambda: descriptors() <= before)


async def test_nothing_stays_open(root: Path):
    source, before = imports(root), descriptors()
    for path in ("a.mp4", "sub", "../outside", "not here", "/etc/passwd", "a\0"):
        for _ in range(20):
            try:
                await read(source, path)
            except ArtdagError:
                continue
    await until(lambda: descriptors() <= before)
