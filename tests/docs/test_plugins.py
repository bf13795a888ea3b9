"""The plugin guide: complete, and every example in it works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import av
import numpy
import pytest
from click.testing import CliRunner
from clips import click_track, numbered_clip
from nodes import running_node
from remotes import OK, remote

import artdagd.hooks
from artdagd.hooks import AnalysisRequest, Check, Filter, Installation, Outbound, RunEvent
from artdagd.hooks.manager import Plugins
from artdagd.hooks.specs import Specs
from artdagd.render.analysis.audio import Blocks
from artdagd.render.engine import render_pass
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.store.providers import Providers
from artdagd.work import RenderPass, RenderStep
from artdagd.workers.messages import AnalyzeJob
from artdagd.workers.tasks import Tasks

PAGE = "docs/plugins.md"
USED = {
    *("artdagd_tint", "artdagd_wave", "artdagd_loudest", "artdagd_brightest"),
    *("artdagd_memory", "artdagd_journal", "artdagd_watch", "artdagd_hello", "artdagd_lookup"),
    *("artdagd_cellar", "artdagd_guestbook", "test_memory"),
}  # fmt: skip


def test_every_hook_has_a_section_and_every_public_name_a_row(pages):
    sections = set(re.findall(r"^### `(\w+)`$", pages[PAGE], re.MULTILINE))
    assert sections == {name for name in vars(Specs) if name.startswith("artdag_")}
    assert {row[0].strip("`") for row in pages.table(PAGE, "name")} == set(artdagd.hooks.__all__)
    assert f"now `{artdagd.hooks.API_VERSION}`" in pages[PAGE]


def test_every_example_is_one_that_a_test_here_runs(pages):
    modules = {b.about for b in pages.blocks(PAGE, "python") if "import " in b.text}
    assert modules == {f"test {name}.py" for name in USED}


def test_the_lines_on_sound_are_valid(pages, tmp_path: Path):
    (lines,) = [b.text for b in pages.blocks(PAGE, "python") if "import " not in b.text]
    song = click_track(tmp_path / "song.flac", [0.5], 1.0)
    request = AnalysisRequest(("any",), len, len, tmp_path, sound=partial(Blocks.of, song))
    exec(lines, names := {"request": request, "Filter": Filter})
    assert names["block"].shape == (1, 22_050)
    assert names["windows"].shape[1] == 2048
    assert "lavfi.r128.I" in names["found"]


@pytest.fixture
def installed(pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The guide's effect package, as pip would lay it out, where this process and its workers look."""
    site = tmp_path / "site"
    site.mkdir()
    (code,) = [b.text for b in pages.blocks(PAGE, "python") if b.about == "test artdagd_tint.py"]
    assert len(code.splitlines()) < 40
    (site / "artdagd_tint.py").write_text(code)
    project = tomllib.loads(next(b.text for b in pages.blocks(PAGE, "toml")))["project"]
    info = site / "artdagd_tint-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["artdagd"]
    (info / "entry_points.txt").write_text("[artdagd]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("artdagd_tint", None)


async def test_the_effect_package_renders_on_a_node(installed: Path, tmp_path: Path):
    async with running_node(tmp_path / "home") as (node, person):
        assert {p.name: p.error for p in node.plugins.report()}["tint"] is None
        clip = await person.upload(numbered_clip(tmp_path / "clip.mp4", 10))
        run = await person.run(effect="tint", inputs=[clip], config={"hue": 200, "strength": 1.0})
        assert run["status"] == "completed", run["error"]
        wrong = await person.http.post("/runs", json={"effect": "tint", "inputs": [clip], "config": {"hoe": 1}})
        assert wrong.status_code == 422
        assert "did you mean 'hue'" in wrong.text


def test_the_effect_that_is_a_function(plugin, tmp_path: Path):
    effects = Plugins.of(plugin("artdagd_wave")).effects
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    sway = {"keyframes": [[0.0, 0.0, "linear"], [0.2, 0.0, "linear"], [0.24, 8.0, "linear"]]}
    step = RenderStep("s", "EFFECT", {"effect": "wave", "height": sway, "length": 2000, "speed": 6.25}, ("clip",))
    work = RenderPass((step,), {"clip": str(clip)}, None)
    render_pass(work, tmp_path / "out.mkv", effects, lambda share: None, lambda: False)
    before, after = (
        [frame.to_ndarray(format="gray").astype(int) for frame in av.open(str(path)).decode(video=0)]
        for path in (clip, tmp_path / "out.mkv")
    )
    assert numpy.abs(after[5] - before[5]).max() <= 2
    # Nine frames are 2.25 waves: a crest, eight pixels to the right.
    assert numpy.abs(after[9][:, 8:] - before[9][:, :-8]).max() <= 2


def test_the_analyzer(plugin, tmp_path: Path):
    catalogue = Catalogue.of(plugins := Plugins.of(plugin("artdagd_loudest")))
    assert plugins.report()[0].error is None
    assert catalogue.features == ("loudest",)
    samples = numpy.zeros(16000, numpy.float32)
    samples[4000] = -0.9
    told: list[float] = []
    request = AnalysisRequest(("loudest",), lambda rate: samples, told.append, tmp_path)
    assert catalogue.analyzers["loudest"].analyze(request) == {"loudest": 0.5}
    assert told


def test_the_analyzer_of_pictures(plugin, tmp_path: Path):
    catalogue = Catalogue.of(Plugins.of(plugin("artdagd_brightest")))
    clip = numbered_clip(tmp_path / "clip.mp4", 10)
    job = AnalyzeJob(str(clip), "brightest", ("brightest",), catalogue.identity("analyzer", "brightest").cid)
    found = Tasks(catalogue, tmp_path).perform(job, tmp_path / "scratch", lambda share: None, lambda: False)
    # Number 7 has three white bars, the first frame with as many.
    assert found.value == {"brightest": 0.28}


async def test_the_storage_gives_back_what_the_node_lost(plugin, tmp_path: Path):
    kind = Plugins.of(plugin("artdagd_memory")).storage_types["memory"]
    providers = Providers()
    await providers.add("p", backend := kind.open(kind.config()))
    store = BlobStore(tmp_path / "cache", reserve_bytes=0, providers=providers)
    await store.open()
    cid = (await store.put_bytes(b"x" * 3_000_000)).cid
    await providers.save(providers.every()[0], cid, await store.path(cid), 3_000_000)
    assert [one async for one in backend.list()] == [cid]
    assert await backend.size(cid) == 3_000_000
    await store.delete(cid, providers=False)
    assert (await store.path(cid)).read_bytes() == b"x" * 3_000_000
    await providers.delete(providers.every()[0], cid)
    assert await backend.size(cid) is None
    full = kind.open(kind.config(limit=1))
    with pytest.raises(OSError, match="full"):
        await full.save(cid, Path(__file__))


def test_the_storage_keeps_to_the_contract(pages, tmp_path: Path):
    for block in pages.blocks(PAGE, "python"):
        if block.about in ("test artdagd_memory.py", "test test_memory.py"):
            (tmp_path / block.about.removeprefix("test ")).write_text(block.text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100)
    assert said.returncode == 0, said.stdout


async def test_the_journal(plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JOURNAL", str(tmp_path / "journal"))
    plugins = Plugins.of(plugin("artdagd_journal"))
    for event in (RunEvent("run-1", "running"), RunEvent("run-1", "completed", "step"), RunEvent("run-1", "failed")):
        await plugins.call("artdag_run_event", event=event)
    assert (tmp_path / "journal").read_text() == "run-1 failed -\n"


async def test_start_and_stop(plugin):
    watch = plugin("artdagd_watch").Watch()
    plugins = Plugins.of(watch)
    await plugins.call("artdag_startup")
    assert watch.running
    await plugins.call("artdag_shutdown")
    assert not watch.running


async def test_the_checks(plugin, tmp_path: Path):
    outbound = Outbound()
    given = Installation(settings=None, folder=tmp_path, public_url="", outbound=outbound)
    plugins = Plugins.of(plugin("artdagd_cellar"))
    answers = await plugins.answers("artdag_checks", lambda name: {"installation": given})
    await outbound.close()
    assert answers == {
        "artdagd_cellar": [Check(name="cellar", level="doubt", said="it is damp", remedy="Open a window.")]
    }


async def test_the_guestbook(plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    guestbook = plugin("artdagd_guestbook").Guestbook
    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(guestbook()))
    monkeypatch.setenv("GUESTBOOK_GREETING", "welcome")
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        for before in range(2):
            answer = await person.http.post("/guestbook")
            assert (answer.status_code, answer.json()) == (200, {"said": "welcome", "before": before})
        document = (await person.http.get("/openapi.json")).json()
        assert "/guestbook" in document["paths"]
        answer = await person.http.post("/guestbook", headers={"Authorization": ""})
        assert answer.status_code == 401


def test_the_command(plugin):
    (command,) = Plugins.of(plugin("artdagd_hello")).commands()
    assert CliRunner().invoke(command, ["artist"]).output == "hello, artist\n"


async def test_the_call_of_another_server(plugin):
    name_at = plugin("artdagd_lookup").name_at
    outbound = Outbound(private=["127.0.0.1"])
    card = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"name":"dog"}'
    for answer, name in ((card, "dog"), (OK, None), (b"", None), (card.replace(b"200", b"404"), None)):
        async with remote(answer) as server:
            assert await name_at(outbound, f"http://127.0.0.1:{server.port}/card") == name
    assert await name_at(outbound, "http://10.0.0.1/card") is None
    await outbound.close()
