"""A plugin that somebody else wrote: pip installs it, a node finds it, workers render with it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from nodes import Person

from tests import databases, programs

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.3.1"
dependencies = ["artdagd"]

[project.entry-points.artdagd]
{module} = "{module}"

[tool.hatch.build.targets.wheel]
only-include = ["{module}.py"]
"""

EFFECT = '''\
"""swap: blue for red."""

from typing import Annotated

import msgspec

from artdagd.hooks import Effect, Filter, hookimpl


class Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lift: Annotated[float, msgspec.Meta(ge=0, le=10, description="added to the brightness")] = 0.0


def build(config, video):
    return [Filter("swapuv"), Filter("hue", {"b": config.lift})]


@hookimpl
def artdag_effects():
    return [Effect(name="swap", version="1", description="Swap red and blue", config=Swap, build=build)]
'''

COLOUR = (120, 90, 170)
"""Y, U and V of the clip."""


def write_package(folder: Path, name: str, code: str) -> Path:
    module = name.replace("-", "_")
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name, module=module))
    (folder / f"{module}.py").write_text(code)
    return folder


def pip_install(site: Path, *packages: Path) -> None:
    """As a user would, but into a folder of its own and without a network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--upgrade", "--target", str(site)]
    done = subprocess.run([*command, *map(str, packages)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@asynccontextmanager
async def node(home: Path, site: Path) -> AsyncIterator[Person]:
    """A node in a process of its own, which finds what is installed in ``site``."""
    address = home / "address"
    address.unlink(missing_ok=True)
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ, **databases.environment(home),
        "PYTHONPATH": str(site), "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0", "--workers", "1"]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(30):
            while not address.exists():
                assert process.poll() is None, (home / "log").read_text()
                await asyncio.sleep(0.02)
        person = Person(SimpleNamespace(settings=SimpleNamespace(home=home), url=address.read_text().strip()))
        async with person.http:
            yield person
    finally:
        programs.stop(process)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames of one colour."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane, value in zip(frame.planes, COLOUR, strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def colours(path: Path) -> set[tuple[int, ...]]:
    """Y, U and V in the middle of every frame."""
    with av.open(str(path)) as file:
        return {
            tuple(bytes(plane)[plane.height // 2 * plane.line_size + plane.width // 2] for plane in frame.planes)
            for frame in file.decode(video=0)
        }


async def test_an_effect_from_outside_is_installed_rendered_and_changed(tmp_path: Path, clip: Path) -> None:
    """A changed effect renders again, and the others' results stay."""
    assert len(EFFECT.splitlines()) < 40
    site, home = tmp_path / "site", tmp_path / "home"
    good = write_package(tmp_path / "good", "vj-swap", EFFECT)
    broken = write_package(tmp_path / "broken", "vj-broken", "import a_library_that_is_not_installed\n")
    pip_install(site, good, broken)

    async with node(home, site) as person:
        plugins = {item["name"]: item for item in (await person.http.get("/plugins")).json()["items"]}
        assert plugins["vj_swap"] == {
            "name": "vj_swap",
            "distribution": "vj-swap",
            "version": "0.3.1",
            "provides": {"effects": ["swap"]},
            "error": None,
        }
        assert "a_library_that_is_not_installed" in plugins["vj_broken"]["error"]
        assert plugins["vj_broken"]["provides"] == {}
        assert plugins["effects"]["error"] is None

        steps = {item["name"]: item for item in (await person.http.get("/api/steps")).json()["items"]}
        assert (steps["swap"]["kind"], steps["swap"]["plugin"], steps["swap"]["version"]) == ("effect", "vj_swap", "1")
        assert "brightness" in str(steps["swap"]["config_schema"])

        video = await person.upload(clip)
        for config, luma in ({}, COLOUR[0]), ({"lift": 1}, COLOUR[0] + 25):
            run = await person.run(effect="swap", inputs=[video], config=config)
            assert run["status"] == "completed", run["error"]
            (shown,) = colours(await person.save(run["output_cid"], tmp_path / "out.mp4"))
            assert shown == pytest.approx((luma, COLOUR[2], COLOUR[1]), abs=2)

        provenance = (await person.http.get(f"/api/run/{run['run_id']}/provenance")).json()
        assert "vj-swap" in str(provenance["effects"])
        answer = await person.http.post("/runs", json={"effect": "swap", "inputs": [video], "config": {"lyft": 1}})
        assert answer.status_code == 422
        assert "lift" in answer.text
        before = {name: await person.run(effect=name, inputs=[video]) for name in ("swap", "invert")}
        assert [run["passes_run"] for run in before.values()] == [0, 1]

    # The author changes what it does and forgets its version.
    write_package(
        tmp_path / "good", "vj-swap", EFFECT.replace('[Filter("swapuv")', '[Filter("negate"), Filter("swapuv")')
    )
    pip_install(site, good)
    async with node(home, site) as person:
        after = {name: await person.run(effect=name, inputs=[video]) for name in ("swap", "invert")}
        shown = colours(await person.save(after["swap"]["output_cid"], tmp_path / "out.mp4"))
    assert after["swap"]["passes_run"] == 1
    assert after["swap"]["steps"][-1]["cache_id"] != before["swap"]["steps"][-1]["cache_id"]
    assert next(iter(shown)) == pytest.approx((255 - COLOUR[0], 255 - COLOUR[2], 255 - COLOUR[1]), abs=2)
    assert after["invert"]["passes_run"] == 0
    assert after["invert"]["output_cid"] == before["invert"]["output_cid"]
