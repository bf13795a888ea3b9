"""F16: a node with every bad plugin at once starts, says what is wrong with each, and works with the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from clips import numbered_clip
from daemons import daemon, until

from artdagd.hooks.manager import Plugins
from tests.security.bad_plugins import BAD_EFFECTS, BAD_HOOKS, TWINS, UNUSABLE, install

BUNDLED = {"blur": "effects", "invert": "effects", "hue": "effects", "identity": "effects"}


@pytest.mark.parametrize(
    "bad",
    [("raise", "none", "paint_none"), pytest.param(tuple(BAD_EFFECTS), marks=pytest.mark.slow)],
    ids=["few", "all"],
)
async def test_all_bad_plugins_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docs_operations: str, bad: tuple[str, ...]
):
    """The fast suite leaves out the effects that cost workers their lives."""
    count = len(UNUSABLE) + len(TWINS) + len(BAD_HOOKS) + len(BAD_EFFECTS)
    assert count >= 20
    assert "| F16 | plugins" in docs_operations
    assert f"| {count} |" in docs_operations
    install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    async with daemon(tmp_path / "home") as (process, http):
        plugins = {one["name"]: one for one in (await http.get("/plugins")).json()["items"]}
        for name in UNUSABLE:
            assert plugins[f"zz_{name}"]["error"], name
            assert plugins[f"zz_{name}"]["provides"] == {}, name
        for name in TWINS:
            assert "already provided" in plugins[f"zz_{name}"]["error"], name
        usual = {info.name for info in Plugins.load().report() if not info.name.startswith("zz")}
        assert {name for name in usual if plugins[name]["error"]} == set()
        effects = {
            one["name"]: one for one in (await http.get("/api/steps")).json()["items"] if one["kind"] == "effect"
        }
        assert {name: effects[name]["plugin"] for name in BUNDLED} == BUNDLED
        assert effects["zz_twice"]["version"] == "1"
        assert "zz_half" not in effects
        for path in ("/healthz", "/runs", "/auth"):
            assert "not the node" not in (await http.get(path)).text

        clip = tmp_path / "clip.mp4"
        numbered_clip(clip, 3)
        cid = (await http.post("/cache/upload", files={"file": ("a.mp4", clip.read_bytes())})).json()["cid"]
        started = {}
        for name in (*(f"zz_{name}" for name in bad), "blur", "zz_twice"):
            answer = await http.post("/runs", json={"effect": name, "inputs": [cid]})
            assert answer.status_code == 202, answer.text
            started[name] = answer.json()["run_id"]
        for name, run_id in started.items():
            run = await until(http, run_id, lambda run: run["finished_at"])
            good = name in ("blur", "zz_twice")
            assert run["status"] == ("completed" if good else "failed"), (name, run["error"])
            assert good or run["error"]["detail"], name
        assert process.poll() is None
        health = (await http.get("/healthz")).json()
        assert health["status"] == "degraded"
        assert "plugin zz_twice has errors: /plugins says which" in health["reasons"] or len(health["reasons"]) > 50

    command = [str(Path(sys.executable).with_name("artdagctl")), "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
