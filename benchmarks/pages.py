"""Pages as the server makes them: how long one waits for the HTML, and the processor time that it takes the daemon.

The node has no worker, 10,000 runs of three steps each, 1,000 media and a recipe of 300 steps; nothing else asks it for
anything. One client asks, one page after the other, over a connection that stays open. What the page then loads (style,
script, pictures) is not in it.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import msgspec
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from artdagd.cid import cid_of_value
from artdagd.database import Database
from artdagd.database.blobs import BlobRow
from artdagd.database.rows import to_row
from artdagd.database.runs import RunRow, StepRow
from artdagd.database.tables import blobs, runs, steps
from artdagd.work import MediaFacts, VideoFacts
from benchmarks.node import Node, node
from benchmarks.processes import Broken
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, in_turn, seconds
from benchmarks.servers import bare

TICK = os.sysconf("SC_CLK_TCK")
OWNER = "admin"
LONG_AGO = "2026-01-01T00:00:00Z"
AIM = 150.0
"""Milliseconds for the list of runs."""
BATCH = 500


def measure(bench: Bench) -> list[Line]:
    """The very first view of the list of runs, with the templates still to be compiled; then each page, warm."""
    many, media = bench.size(10_000, 200), bench.size(1000, 50)
    home = bench.folder / "home"
    home.mkdir()
    asyncio.run(_seed(home, many, media))
    with ExitStack() as stack:
        ours = stack.enter_context(node(home, workers=0))
        person = stack.enter_context(closing(_signed_in(ours)))
        first = 1000 * seconds(partial(_get, person, "/runs"))
        recipe = ours.http.post("/recipes/upload", content=_recipe(300)).json()["recipe_id"]
        file = bench.folder / "nothing"
        file.touch()
        port = stack.enter_context(bare("bare_quart", bench.folder, file))
        stranger = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False))
        pages = {
            f"/runs, {many:,} runs": "/runs",
            f"/runs?page={many // 20}": f"/runs?page={many // 20}",
            "/": "/",
            f"/media, {media:,} media": "/media",
            "/recipe/{id}/dag, 300 steps": f"/recipe/{recipe}/dag",
        }
        times = bench.size(20, 2)
        runners = {what: partial(_wall, person, path, times) for what, path in pages.items()}
        found = in_turn(bench.rounds, runners | {"peer": partial(_wall, stranger, "/run", times)})
        spent = in_turn(
            bench.rounds,
            {what: partial(_processor, ours.process.pid, person, path, times) for what, path in pages.items()},
        )
    peer = {"peer_name": "Quart on Hypercorn, a constant answer", "peer": found["peer"]}
    aims = (at_most(AIM, "us"),)
    lines = [Line(what=f"the very first view of /runs, {many:,} runs", unit="ms", us=(first,), aims=aims)]
    for what, path in pages.items():
        lines += [
            Line(what=what, unit="ms", us=found[what], aims=aims if path == "/runs" else (), **peer),  # type: ignore[arg-type]
            Line(what=f"{what}: processor time", unit="ms", us=spent[what]),
        ]
    return lines


def _signed_in(ours: Node) -> httpx.Client:
    """A client with a session, as browsers have one: to a token the first page shows nothing."""
    client = httpx.Client(base_url=ours.url, timeout=300, trust_env=False, follow_redirects=True)
    client.get(ours.http.post("/auth/login-address").json()["url"])
    if "Sign out" not in client.get("/", headers={"Accept": "text/html"}).text:
        raise Broken("the client could not sign in")
    return client


def _get(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    if answer.status_code != 200:
        raise Broken(f"GET {path}: {answer.status_code} {answer.text[:500]}")


def _wall(client: httpx.Client, path: str, times: int) -> float:
    """Milliseconds a page."""
    return 1000 * seconds(lambda: [_get(client, path) for _ in range(times)]) / times


def _processor(pid: int, client: httpx.Client, path: str, times: int) -> float:
    """Milliseconds of the daemon's processor time a page (proc(5))."""
    before = _spent(pid)
    for _ in range(times):
        _get(client, path)
    return 1000 * (_spent(pid) - before) / times


def _spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _recipe(count: int) -> str:
    """A tree of ``count`` steps: each is read by two."""
    reads = ["clip", *(f"s{(at - 1) // 2}" for at in range(1, count - 1))]
    made = [
        {"id": f"s{at}", "type": "RESIZE", "inputs": [one], "config": {"width": 64}} for at, one in enumerate(reads)
    ]
    ends = [f"s{at}" for at in range((count - 1) // 2, count - 1)]
    recipe = {
        "name": "many",
        "version": "1",
        "inputs": {"clip": {"type": "video"}},
        "steps": [*made, {"id": "all", "type": "SEQUENCE", "inputs": ends}],
        "output": "all",
    }
    return msgspec.json.encode(recipe).decode()


async def _seed(home: Path, many: int, media: int) -> None:
    """Runs that ended long ago, of twenty recipes, with their steps; and media, of which the runs made some."""
    facts = MediaFacts("video", "video/mp4", "mov,mp4", 4.0, VideoFacts(1280, 720, (25, 1), 4.0, "h264", "yuv420p"))
    entries = [
        BlobRow(cid=cid_of_value(at), owner=OWNER, size=1 << 20, media_type="video/mp4", filename=f"clip {at}.mp4",
                kind="video", facts=facts, tags=["night"], created_at=LONG_AGO)
        for at in range(media)
    ]  # fmt: skip
    made = [
        RunRow(run_id=f"run-{at}", owner=OWNER, status="failed" if at % 50 == 0 else "completed", created_at=LONG_AGO,
               recipe_id=f"r{at % 20}", recipe_name=f"recipe {at % 20}", params={"width": at}, passes_run=1,
               output_cid=entries[at % media].cid, started_at=LONG_AGO, finished_at="2026-01-01T00:00:09Z")
        for at in range(many)
    ]  # fmt: skip
    done = [
        StepRow(run_id=run.run_id, step_id=f"s{at}", position=at, level=at, type="RESIZE", status="completed")
        for run in made
        for at in range(3)
    ]
    database = await Database.open(f"sqlite:///{home / 'artdagd.sqlite'}")
    for table, rows in ((blobs, entries), (runs, made), (steps, done)):
        for at in range(0, len(rows), BATCH):
            await database.write(partial(_insert, table, rows[at : at + BATCH]))
    await database.close()


async def _insert(table: Table, rows: list[msgspec.Struct], connection: AsyncConnection) -> None:
    await connection.execute(table.insert(), [to_row(msgspec.structs.asdict(row), table) for row in rows])
