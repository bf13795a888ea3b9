"""The directory provider: durable copies, and no name that leads out of the directory."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import msgspec
import pytest
from artdagd_storage_local import LocalConfig, artdag_storage_types
from artdagd_storage_local.directory import Directory

CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
FILM = bytes(range(256)) * 10_000
OTHER = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@pytest.fixture
def shelf(tmp_path: Path) -> Directory:
    (kind,) = artdag_storage_types()
    assert kind.name == "local"
    opened = kind.open(msgspec.convert({"path": str(tmp_path / "shelf")}, kind.config))
    assert isinstance(opened, Directory)
    return opened


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(FILM)
    return path


async def loaded(shelf: Directory, cid: str) -> bytes:
    return b"".join([chunk async for chunk in shelf.load(cid)])


async def test_what_is_saved_comes_back(shelf: Directory, film: Path) -> None:
    await shelf.save(CID, film)
    await shelf.save(CID, film)
    assert await loaded(shelf, CID) == FILM
    assert max([len(chunk) async for chunk in shelf.load(CID)]) == 1 << 20
    assert await shelf.size(CID) == len(FILM)
    assert [cid async for cid in shelf.list()] == [CID]
    await shelf.delete(CID)
    await shelf.delete(CID)
    assert await shelf.size(CID) is None
    assert [cid async for cid in shelf.list()] == []
    with pytest.raises(FileNotFoundError):
        await loaded(shelf, CID)
    await shelf.close()


async def test_a_truncated_copy_is_saved_again(shelf: Directory, film: Path, tmp_path: Path) -> None:
    await shelf.save(CID, film)
    os.truncate(tmp_path / "shelf" / CID[-2:] / CID, 5)
    await shelf.save(CID, film)
    assert await loaded(shelf, CID) == FILM


async def test_each_write_is_synced_before_it_is_named(
    shelf: Directory, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.save(OTHER, film)
    (tmp_path / "shelf" / CID[-2:]).mkdir()
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("rename"), replace(a, b)))
    await shelf.save(CID, film)
    assert order == ["fsync", "rename", "fsync"]


async def test_a_failed_save_leaves_nothing(
    shelf: Directory, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(fd: int) -> None:
        if os.path.isfile(f"/proc/self/fd/{fd}"):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        await shelf.save(CID, film)
    assert await shelf.size(CID) is None
    assert list((tmp_path / "shelf" / ".tmp").iterdir()) == []


async def test_a_disk_that_takes_a_part_keeps_nothing_of_it(shelf: Directory, film: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            await shelf.save(CID, film)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await shelf.size(CID) is None
    assert list((tmp_path / "shelf" / ".tmp").iterdir()) == []
    await shelf.save(CID, film)
    assert await loaded(shelf, CID) == FILM


@pytest.mark.parametrize("name", ["", "..", "../" * 20 + "etc/passwd", f"/{CID}", f"{CID}/..", f"{CID}\n", "a" * 200])
async def test_a_name_that_is_no_cid_is_refused(shelf: Directory, film: Path, name: str) -> None:
    for call in (shelf.save(name, film), loaded(shelf, name), shelf.size(name), shelf.delete(name)):
        with pytest.raises(ValueError, match="not a CID"):
            await call


@pytest.mark.parametrize("config", [{}, {"path": "relative"}, {"path": "/x", "other": 1}])
def test_a_wrong_setting_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(config, LocalConfig)
