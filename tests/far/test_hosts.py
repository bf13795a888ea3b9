"""A node on one host and its workers on another: cables that break, processes that are killed, keys that are wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import excerpt, numbered_clip
from elsewhere import far_worker, left_over, until
from hosts import NODE, Hosts, Remote, node_on, two_hosts
from nodes import Person, running_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ADDRESS = f"tcp://{NODE}:8101"
KILLS = 6
SLOW = ("tbf", "rate", "16mbit", "burst", "64k", "latency", "400ms")
"""2 MB/s."""

EFFECTS = """\
name: effects
inputs:
  clip: {{type: video}}
steps:
  - {{id: soft, type: EFFECT, inputs: [clip], config: {{effect: blur, sigma: {sigma}}}}}
  - {{id: shaken, type: EFFECT, inputs: [soft], config: {{effect: kaleidoscope, slices: 6}}}}
  - {{id: back, type: REVERSE, inputs: [shaken]}}
output: back
"""


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with two_hosts() as built:
        yield built


def noise(path: Path, megabytes: int) -> Path:
    """A sound file that nothing makes smaller."""
    import struct

    size = megabytes << 20
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, 48000, 192000, 4, 16,
                       b"data", size)  # fmt: skip
    path.write_bytes(head + os.urandom(size))
    return path


async def finished(person: Person, run: dict[str, Any], *logs: Path) -> dict[str, Any]:
    async with asyncio.timeout(240):
        while (run := (await person.http.get(f"/api/run/{run['run_id']}")).json())["status"] not in (
            "completed", "failed", "cancelled",
        ):  # fmt: skip
            await asyncio.sleep(0.2)
    assert run["status"] == "completed", (run["error"], *(log.read_text()[-3000:] for log in logs))
    return run


async def eventually(ask: Callable[[], Any], holds: Callable[[Any], Any], seconds: float = 120) -> Any:
    async with asyncio.timeout(seconds):
        while not holds(answer := await ask()):
            await asyncio.sleep(0.05)
    return answer


async def local(home: Path, bodies: list[dict[str, Any]], media: dict[str, Path]) -> list[str]:
    """The outputs as a worker beside its node makes them."""
    async with running_node(home, workers=1, cluster_key="a key that nobody would guess") as (_, person):
        cids = {name: await person.upload(path) for name, path in media.items()}
        runs = [await person.start(**{**body, "inputs": {n: cids[n] for n in body["inputs"]}}) for body in bodies]
        return [str((await finished(person, run))["output_cid"]) for run in runs]


@pytest.mark.parametrize("link", ["good", "far", "slow"])
async def test_it_is_rendered_there_as_here(hosts: Hosts, examples: Path, tmp_path: Path, link: str):
    shapes = {"good": (), "far": ("netem", "delay", "80ms", "10ms", "loss", "1%"), "slow": SLOW}
    if shapes[link] and not hosts.shape(*shapes[link]):
        pytest.skip(f"this kernel has no {shapes[link][0]}")
    media = {
        "video": examples / "media" / "bunny.mp4", "clip": numbered_clip(tmp_path / "clip.mp4", 50),
        "audio": excerpt(examples / "media" / "music.ogg", tmp_path / "song.ogg", seconds=8),
    }  # fmt: skip
    bodies = [
        {"recipe_yaml": (examples / "beat-sync.yaml").read_text(), "inputs": ["video", "audio"]},
        {"recipe_yaml": EFFECTS.format(sigma=2), "inputs": ["clip"]},
    ]
    here = await local(tmp_path / "here", bodies, media)
    home, away = tmp_path / "node", tmp_path / "away"
    async with node_on(hosts, home) as person:
        with far_worker(ADDRESS, away, "--name", "away", before=hosts.elsewhere(home)):
            cids = {name: await person.upload(path) for name, path in media.items()}
            runs = [await person.start(**{**b, "inputs": {n: cids[n] for n in b["inputs"]}}) for b in bodies]
            done = [await finished(person, run, home / "log", away / "log") for run in runs]
            (worker,) = await person.workers()
            assert (worker["name"], worker["blobs"]) == ("away", "http")
            await until(lambda: not left_over(away))
        assert [run["output_cid"] for run in done] == here
        assert {step["worker"] for run in done for step in run["steps"]} <= {"away", None}
    logs = (home / "log").read_text() + (away / "log").read_text()
    assert "Artdag-Ticket" not in logs
    assert "Traceback" not in logs


def fetching(away: Path) -> bool:
    drafts = list((away / "worker-cache" / "tmp").glob("draft-*"))
    return any(draft.stat().st_blocks * 512 > 2 << 20 for draft in drafts if draft.exists())


async def test_a_cable_that_breaks_in_a_transfer(hosts: Hosts, tmp_path: Path):
    """For a moment, and the transfer goes on; for longer than a lease, and it is done again."""
    assert hosts.shape(*SLOW)
    home, away = tmp_path / "node", tmp_path / "away"
    async with node_on(hosts, home) as person:
        with far_worker(ADDRESS, away, before=hosts.elsewhere(home)):
            for seconds in (0, 1):
                song = await person.upload(noise(tmp_path / f"{seconds}.wav", 24))
                recipe = "name: quiet\ninputs:\n  a: {type: audio}\nsteps:\n  - {id: m, type: AUDIO_MIX, inputs: [a], "
                run = await person.start(recipe_yaml=recipe + "config: {}}\noutput: m\n", inputs={"a": song})
                await until(lambda: fetching(away))
                hosts.cut()
                if seconds:
                    await eventually(person.workers, lambda found: not found)
                    await until(lambda: not left_over(away), 120)
                hosts.mend()
                await finished(person, run, home / "log", away / "log")
                await until(lambda: not left_over(away))
        assert [path.name[:5] for path in (home / "cache" / "scratch").iterdir()] == ["sign-"]


async def rendering(person: Remote) -> bool:
    return any(str(name).startswith("render") for worker in await person.workers() for name in worker["doing"])  # type: ignore[attr-defined]


async def test_a_cable_that_breaks_while_it_renders(hosts: Hosts, tmp_path: Path):
    clip = numbered_clip(tmp_path / "clip.mp4", 250)
    body = {"recipe_yaml": EFFECTS.format(sigma=5), "inputs": ["clip"]}
    (here,) = await local(tmp_path / "here", [body], {"clip": clip})
    home, away = tmp_path / "node", tmp_path / "away"
    async with node_on(hosts, home) as person:
        with far_worker(ADDRESS, away, before=hosts.elsewhere(home)):
            run = await person.start(**{**body, "inputs": {"clip": await person.upload(clip)}})
            await eventually(lambda: rendering(person), bool)
            hosts.cut()
            await eventually(person.workers, lambda found: not found)
            await until(lambda: not left_over(away), 120)
            hosts.mend()
            assert (await finished(person, run, home / "log", away / "log"))["output_cid"] == here


async def test_workers_that_are_killed_lose_nothing(hosts: Hosts, tmp_path: Path):
    """At a moment of their work that is another each time; what they left is swept by the next."""
    clip = numbered_clip(tmp_path / "clip.mp4", 100)
    bodies = [{"recipe_yaml": EFFECTS.format(sigma=1 + turn), "inputs": ["clip"]} for turn in range(KILLS)]
    here = await local(tmp_path / "here", bodies, {"clip": clip})
    home, away = tmp_path / "node", tmp_path / "away"
    found = []
    async with node_on(hosts, home) as person:
        cid = await person.upload(clip)
        for turn, body in enumerate(bodies):
            with far_worker(ADDRESS, away, before=hosts.elsewhere(home)) as first:
                run = await person.start(**{**body, "inputs": {"clip": cid}})
                await eventually(lambda: rendering(person), bool)
                await asyncio.sleep(0.15 * turn)
                os.killpg(first.pid, signal.SIGKILL)
            with far_worker(ADDRESS, away, before=hosts.elsewhere(home)):
                done = await finished(person, run, home / "log", away / "log")
                found.append(done["output_cid"])
                await until(lambda: not left_over(away))
            await eventually(person.workers, lambda there: not there)
    assert found == here


async def test_who_has_another_key_does_not_join(hosts: Hosts, tmp_path: Path):
    home, away = tmp_path / "node", tmp_path / "away"
    async with node_on(hosts, home) as person:
        wrong = far_worker(ADDRESS, tmp_path / "wrong", "--name", "wrong", before=hosts.elsewhere(home), key="k" * 32)
        with wrong as stranger, far_worker(ADDRESS, away, "--name", "right", before=hosts.elsewhere(home)):
            run = await person.run(effect="blur", inputs=[await person.upload(numbered_clip(tmp_path / "c.mp4", 10))])
            assert run["status"] == "completed"
            assert [worker["name"] for worker in await person.workers()] == ["right"]
            assert stranger.poll() is None
        assert list((tmp_path / "wrong").glob("worker-cache/blobs/*")) == []
