"""A long result through a whole node: in segments, again after an edit, verified, and made anew from nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from clips import numbered_clip, read_numbers
from needs import missing
from nodes import Person, running_node

STEPS = [
    {"id": "long", "type": "LOOP", "inputs": ["clip"], "config": {"duration": 9}},
    {"id": "end", "type": "SEGMENT", "inputs": ["clip"], "config": {"start": 1, "end": 4}},
    {"id": "all", "type": "SEQUENCE", "inputs": ["long", "end"]},
    {"id": "out", "type": "EFFECT", "inputs": ["all"], "config": {"effect": "identity"}},
]


def recipe(start: float = 1) -> str:
    steps = json.loads(json.dumps(STEPS))
    steps[1]["config"]["start"] = start
    return json.dumps({"name": "long", "inputs": {"clip": {"type": "video"}}, "steps": steps, "output": "out"})


async def made(person: Person, clip: str, **edit: float) -> tuple[dict[str, Any], dict[str, Any]]:
    run = await person.run(recipe_yaml=recipe(**edit), inputs={"clip": clip})
    assert run["status"] == "completed", run["error"]
    return run, (await person.http.get(f"/api/run/{run['run_id']}/plan")).json()


async def test_a_long_result_is_made_in_segments_and_an_edit_makes_few_of_them_again(tmp_path: Path):
    clip_file = numbered_clip(tmp_path / "clip.mp4", 100)
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(clip_file)
        run, plan = await made(person, clip)
        output = plan["passes"][-1]
        assert len(output["segments"]) > 3
        assert not output["whole"]
        saved = await person.save(run["output_cid"], tmp_path / "out.mp4")
        wanted = [number % 100 for number in range(225)] + list(range(25, 100))
        assert [number for _, number in read_numbers(saved)] == wanted
        playlist = await watched(person, run["run_id"])
        assert playlist.count("#EXTINF") == len(output["segments"])
        assert playlist.endswith("#EXT-X-ENDLIST\n")
        assert [number for _, number in read_numbers(await kept(person, run["run_id"], playlist, tmp_path))] == wanted
        assert await played(person, run["run_id"]) == len(wanted), "a player that sends the token with each request"
        seen = (await person.http.get(f"/api/run/{run['run_id']}/live")).json()
        assert seen["there"] == [[0, len(output["segments"])]]
        assert seen["duration"] == 12
        assert seen["starts"] == [segment["first"] / 25 for segment in output["segments"]]
        assert (await person.http.get(f"/api/run/{run['run_id']}/live/99.m4s")).status_code == 404
        edited, other = await made(person, clip, start=1.4)
        before = {segment["segment_id"] for segment in output["segments"]}
        after = {segment["segment_id"] for segment in other["passes"][-1]["segments"]}
        assert 0 < len(after - before) <= 2
        answer = await person.http.post("/api/verify", json={"run_id": edited["run_id"]}, timeout=90)
        done = [line for line in answer.text.splitlines() if '"equal"' in line][-1]
        assert json.loads(done.removeprefix("data: "))["equal"], answer.text
    async with running_node(tmp_path / "empty", workers=2) as (_, person):
        again, _ = await made(person, await person.upload(clip_file), start=1.4)
        assert again["output_cid"] == edited["output_cid"]
        names = {worker["name"] for worker in (await person.http.get("/workers")).json()["items"]}
        answer = await person.http.get(f"/api/run/{again['run_id']}/events")
        steps = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith('data: {"step_id":"out"')]
        on = [set(step["worker"].split(", ")) for step in steps if step["status"] == "running" and step["worker"]]
        assert on, "it is told who renders while it renders"
        assert set.union(*on) <= names


async def test_a_run_is_watched_while_it_renders(tmp_path: Path):
    """The playlist grows; the fragment of a segment that is asked for comes before others."""
    async with running_node(tmp_path / "home") as (_, person):
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 100))
        run = await person.start(recipe_yaml=recipe(), inputs={"clip": clip})
        first = await watched(person, run["run_id"])
        assert first.startswith("#EXTM3U\n#EXT-X-VERSION:7\n")
        assert "#EXT-X-PLAYLIST-TYPE:EVENT" in first
        answer = await person.http.get(f"/api/run/{run['run_id']}/live/init.mp4")
        assert answer.headers["content-type"].startswith('video/mp4; codecs="avc1.')
        assert b"avcC" in answer.content
        assert b"moof" not in answer.content
        last = await person.http.get(f"/api/run/{run['run_id']}/live/3.m4s")
        assert last.status_code in (200, 503), last.text
        done = await person.finish(run["run_id"])
        assert done["status"] == "completed", done["error"]
        assert (await watched(person, run["run_id"])).startswith(first.removesuffix("#EXT-X-ENDLIST\n"))


async def watched(person: Person, run_id: str) -> str:
    while (answer := await person.http.get(f"/api/run/{run_id}/live.m3u8")).status_code == 503:
        assert answer.headers["Retry-After"]
        await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    return answer.text


async def played(person: Person, run_id: str) -> int:
    """Frames that a player of live streams shows which is given a header, as the guide says."""
    program = shutil.which("ffprobe") or missing("ffprobe", "apt install ffmpeg")
    address = str(person.http.base_url.join(f"/api/run/{run_id}/live.m3u8"))
    sent = ("-headers", f"Authorization: {person.http.headers['Authorization']}")
    shown = ("-select_streams", "v", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0")
    made = await asyncio.create_subprocess_exec(
        program, "-v", "error", *sent, *shown, address, stdout=PIPE, stderr=PIPE
    )
    out, error = await asyncio.wait_for(made.communicate(), 60)
    assert made.returncode == 0, error.decode()
    return int(out.split()[0].rstrip(b","))


async def kept(person: Person, run_id: str, playlist: str, folder: Path) -> Path:
    """The stream as files, for a player that follows its playlist."""
    (folder / "live").mkdir()
    for name in ("live/init.mp4", *(line for line in playlist.splitlines() if line.endswith(".m4s"))):
        answer = await person.http.get(f"/api/run/{run_id}/{name}")
        assert answer.status_code == 200, answer.text
        (folder / name).write_bytes(answer.content)
    (folder / "live.m3u8").write_text(playlist)
    return folder / "live.m3u8"
