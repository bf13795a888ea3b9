"""Storage providers from the command line, with the type that every node has: a directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from processes import Daemon, well

from artdagd.cli import storage

pytestmark = pytest.mark.database


def test_a_provider_is_added_tested_changed_and_removed(idle: Daemon, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    assert "local" in well(idle.ctl("storage", "types"))
    assert json.loads(well(idle.ctl("storage", "types", "local", "--json")))["type"] == "local"
    made = idle.ctl("storage", "add", "local", "Disk", "--set", f"path={disk}", "--capacity", "2GB", "--json")
    view = json.loads(well(made))
    assert (view["name"], view["config"]["path"], view["capacity_bytes"]) == ("Disk", str(disk), 2 * 10**9)
    try:
        assert well(idle.ctl("storage", "test", "Disk")).startswith("works: ")
        assert view["provider_id"] in well(idle.ctl("storage", "list"))
        well(idle.ctl("storage", "set", "Disk", "--name", "Shelf", "--capacity", "none"))
        shown = json.loads(well(idle.ctl("storage", "show", view["provider_id"], "--json")))
        assert (shown["name"], shown["capacity_bytes"]) == ("Shelf", None)
    finally:
        assert well(idle.ctl("storage", "remove", "Shelf")) == "removed Shelf"
    gone = idle.ctl("storage", "show", "Shelf")
    assert (gone.returncode, "artdagctl storage list" in gone.stderr) == (1, True)


def test_a_config_that_the_type_does_not_take_is_refused(idle: Daemon):
    done = idle.ctl("storage", "add", "local", "x", "--set", "pth=/tmp")
    assert (done.returncode, "pth" in done.stderr or "path" in done.stderr) == (1, True), done
    done = idle.ctl("storage", "add", "nothing", "x")
    assert (done.returncode, "local" in done.stderr) == (1, True), done


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("storage add local x --capacity much", "no size, such as 500GB"),
        ("storage add local x --set path", "expected NAME=VALUE"),
        ("storage add local", "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage_is_2(idle: Daemon, words: str, said: str):
    done = idle.ctl(*words.split())
    assert (done.returncode, said in done.stderr) == (2, True), done


class Node:
    """A node with a type that has a secret."""

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/storage/type/vault"
        return {"schema": {"properties": {"bucket": {"type": "string"}, "key": {"type": "string", "writeOnly": True}}}}


def test_a_secret_comes_from_a_file_and_from_no_command_line(tmp_path: Path):
    (tmp_path / "key").write_text("s3cret\n")
    made = storage._config(Node(), "vault", ("bucket=7",), (f"key={tmp_path / 'key'}",))  # type: ignore[arg-type]
    assert made == {"bucket": "7", "key": "s3cret"}
    with pytest.raises(click.UsageError, match="--secret key=FILE"):
        storage._config(Node(), "vault", ("key=s3cret",), ())  # type: ignore[arg-type]
    (tmp_path / "key").write_bytes(b"x" * (storage.LONGEST_SECRET + 1))
    with pytest.raises(click.UsageError, match="more than"):
        storage._config(Node(), "vault", (), (f"key={tmp_path / 'key'}",))  # type: ignore[arg-type]


def test_the_figures_are_printed(idle: Daemon):
    assert "# TYPE artdag_" in well(idle.ctl("metrics"))
    assert "# TYPE artdag_" in json.loads(well(idle.ctl("metrics", "--json")))["text"]
