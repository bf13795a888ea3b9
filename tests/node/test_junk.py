"""A gigabyte of junk: taken in without filling the memory, refused as media with a reason, and the node goes on."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from daemons import daemon, until

SIZE = 1 << 30
CHUNK = 1 << 20
MOST_GROWTH = 64 << 10
"""KiB that the daemon may grow by."""


def peak(pid: int) -> int:
    """The most memory that a process has had, in KiB (VmHWM of proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


async def junk(boundary: str, size: int = SIZE) -> AsyncIterator[bytes]:
    yield f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n'.encode()
    chunk = os.urandom(CHUNK)
    for number in range(size // CHUNK):
        yield number.to_bytes(8, "big") + chunk[8:]
    yield f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.slow
async def test_a_gigabyte_of_junk(tmp_path: Path):
    async with daemon(tmp_path / "home") as (process, http):
        before = peak(process.pid)
        headers = {"Content-Type": "multipart/form-data; boundary=junk"}
        answer = await http.post("/cache/upload", content=junk("junk"), headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.json()["size"] == SIZE
        assert peak(process.pid) - before < MOST_GROWTH

        cid = answer.json()["cid"]
        run_id = (await http.post("/runs", json={"effect": "blur", "inputs": [cid]})).json()["run_id"]
        run = await until(http, run_id, lambda run: run["finished_at"])
        assert run["status"] == "failed"
        assert cid in run["error"]["detail"]
        assert (await http.get("/healthz")).json()["status"] == "ok"
        assert (await http.delete(f"/cache/{cid}")).status_code in (204, 409)
    left = sum(file.stat().st_size for file in (tmp_path / "home").rglob("*") if file.is_file())
    assert left < 16 << 20


async def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ARTDAG_MAX_UPLOAD_BYTES", str(16 * CHUNK))
    async with daemon(tmp_path / "home") as (_, http):
        headers = {"Content-Type": "multipart/form-data; boundary=junk"}
        # As much as arrives in the time that the node goes on reading, so that the client can read why.
        answer = await http.post("/cache/upload", content=junk("junk", 64 * CHUNK), headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert str(16 * CHUNK) in answer.json()["detail"]
        assert (await http.get("/media")).json()["total"] == 0
        kept = {file: file.stat().st_size for file in (tmp_path / "home").rglob("*") if file.is_file()}
        assert max(kept.values()) < CHUNK, kept
