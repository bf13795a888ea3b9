"""Backups of a node that is at work, restored elsewhere (failures.md G7): no blob is missing, every run is there."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli.processes import CONTROL, environment
from nodes import Person, running_node

from tests import databases

pytestmark = pytest.mark.database

BACKUPS = 20


async def command(home: Path, *words: object, **more: str) -> dict[str, Any]:
    """``artdagctl db WORDS --json`` in a process of its own, for the node is in this one."""
    done = await asyncio.to_thread(
        subprocess.run, [*CONTROL, "db", *map(str, words), "--json"], env=environment(home, **more),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


async def work(person: Person, over: asyncio.Event, number: int) -> None:
    """Uploads and runs, as fast as they are taken."""
    seed, count = random.Random(number), 0
    while not over.is_set():
        count += 1
        answer = await person.http.post("/cache/upload", files={"file": seed.randbytes(20_000)})
        assert answer.status_code == 201, answer.text
        body = {"effect": "blur", "inputs": [answer.json()["cid"]], "config": {"sigma": count}}
        answer = await person.http.post("/runs", json=body)
        assert answer.status_code in (202, 429), answer.text


async def copied(listing: Path, cache: Path, to: Path) -> None:
    """What ``rsync --files-from`` does."""
    for line in listing.read_text().splitlines():
        assert not line.startswith("#"), line
        (to / line).parent.mkdir(parents=True, exist_ok=True)
        (to / line).write_bytes((cache / line).read_bytes())


@pytest.mark.parametrize("backups", [1, pytest.param(BACKUPS, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
async def test_a_backup_of_a_busy_node_is_whole(tmp_path: Path, backups: int):
    home = tmp_path / "home"
    runs = missing = 0
    async with running_node(home, workers=0) as (_, person):
        over = asyncio.Event()
        clients = [asyncio.create_task(work(person, over, number)) for number in range(4)]
        for number in range(backups):
            before = (await person.http.get("/runs")).json()["total"]
            file, new = tmp_path / f"backup{number}", tmp_path / f"new{number}"
            said = await command(home, "backup", file)
            assert said["not_here"] == []
            await copied(file.with_name(file.name + ".blobs"), home / "cache", new / "cache")
            restored = await command(new, "restore", file)
            missing += len(restored["missing"]) + len(restored["damaged"])
            assert restored["rows"]["runs"]["count"] >= before
            runs += restored["rows"]["runs"]["count"]
        over.set()
        await asyncio.gather(*clients)
    print(f"{backups} backups under load, {runs} runs restored, {missing} blobs missing")
    assert missing == 0
    async with running_node(new, workers=0, database_url=databases.url_of(new)) as (node, _):
        token = (home / "admin-token").read_text().strip()
        async with httpx.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {token}"}) as http:
            assert (await http.get("/runs")).json()["total"] == restored["rows"]["runs"]["count"]
