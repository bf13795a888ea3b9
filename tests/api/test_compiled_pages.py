"""Pages are compiled once for a version of the node, and a folder that can't be used costs time and no page."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from artdagd.api.app import create_app
from artdagd.web.compiled import VERSION

HOME = {"Accept": "text/html", "Authorization": ""}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Names of the templates that were compiled."""
    names: list[str | None] = []
    compile_ = jinja2.Environment.compile

    def noted(self, source, name=None, *args, **options):
        names.append(name)
        return compile_(self, source, name, *args, **options)

    monkeypatch.setattr(jinja2.Environment, "compile", noted)
    return names


async def test_the_first_visitor_after_a_restart_waits_for_no_page(app, compiled, backing, client, tmp_path: Path):
    (tmp_path / "templates" / "0.0-old").mkdir(parents=True)
    create_app(backing.services()).compile_pages()
    assert {"home.html", "run.html", "problem.html"} <= set(compiled)
    assert [folder.name for folder in (tmp_path / "templates").iterdir()] == [VERSION]
    compiled.clear()
    app.compile_pages()
    assert (await client.get("/", headers=HOME)).status_code == 200
    assert compiled == []


async def test_what_a_crash_left_torn_is_compiled_again(app, compiled, client, tmp_path: Path):
    app.compile_pages()
    app.jinja_env.cache.clear()
    for file in (tmp_path / "templates" / VERSION).iterdir():
        file.write_bytes(file.read_bytes()[:20])
    compiled.clear()
    assert (await client.get("/", headers=HOME)).status_code == 200
    assert "home.html" in compiled


async def test_without_a_place_for_them_pages_are_shown(app, client, tmp_path: Path):
    (tmp_path / "templates").write_text("in the way")
    assert (await client.get("/", headers=HOME)).status_code == 200


async def test_a_node_that_is_stopped_compiles_no_further(app, compiled):
    app.compile_pages(lambda: len(compiled) == 2)
    assert len(compiled) == 2
