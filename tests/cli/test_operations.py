"""Every call of the API has a command, which makes that call."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from processes import ctl

from artdagd.api.app import SECTIONS
from artdagd.api.openapi.document import document
from artdagd.cid import cid_of_bytes
from artdagd.cli.control import control
from artdagd.cli.operations import BROWSERS, COMMANDS, PLAYERS, SAME, WORKERS

PATHS = document(SECTIONS, "1")["paths"]
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in PATHS.items()
    for method, operation in methods.items()
}
CID = cid_of_bytes(b"x")

WORDS = {
    "upload_blob": "FILE",
    "import_blob": "x",
    "show_blob": "CID",
    "download_blob": "CID -o OUT",
    "show_meta": "CID",
    "update_meta": "CID --title x",
    "delete_blob": "CID",
    "watch_blob": "mp4 CID",
    "show_poster": "poster CID",
    "show_thumbnails": "thumbnails CID",
    "show_waveform": "waveform CID",
    "publish_blob": "CID",
    "show_publication": "CID",
    "withdraw_blob": "CID",
    "ipfs_gateway": "CID",
    "ipfs_raw": "CID -o OUT",
    "upload_recipe": "FILE",
    "check_recipe": "FILE",
    "show_recipe": "r",
    "delete_recipe": "r",
    "take_example": "r",
    "run_example": "r",
    "run_recipe": "r",
    "start_run": "blur CID",
    "show_api_run": "r",
    "delete_run": "r",
    "cancel_run": "r",
    "retry_run": "r",
    "keep_artifact": "r s",
    "show_run_plan": "r",
    "explain_run": "r",
    "show_run_analysis": "r",
    "show_run_provenance": "r",
    "follow_run": "r",
    "make_plan": "FILE",
    "execute_plan": "CID",
    "verify_run": "r",
    "run_recipe_text": "FILE",
    "show_storage_type": "local",
    "show_provider": "r",
    "add_provider": "local x",
    "change_provider": "r --name y",
    "remove_provider": "r",
    "test_provider": "r",
    "create_token": "x",
    "delete_token": "x",
    "revoke_token": "--token-file FILE",
    "revoke_user": "--user x",
}
"""What follows a command's words, where something does. FILE is there, OUT is not."""

RUN = {"run_id": "r", "status": "running", "progress": {"fraction": 0.5}}
BEFORE: dict[tuple[str, str], Any] = {
    ("GET", "/api/steps"): {"items": [{"name": "blur", "kind": "effect"}]},
    ("GET", "/recipes/r"): {"inputs": {}, "params": {}, "yaml": ""},
    ("POST", "/recipes/check"): {"errors": [], "inputs": {}, "params": {}},
    ("GET", "/api/run/r"): RUN,
    ("GET", "/storage"): {"items": [{"provider_id": "r", "name": "x", "type": "local"}]},
}
"""Answers to what commands ask before they make their own call, which is answered with 404."""


def command(words: str) -> click.Command | None:
    found: click.Command | None = control
    for word in words.split():
        found = found.commands.get(word) if isinstance(found, click.Group) else None
    return found


def shapes(name: str) -> list[Any]:
    """The JSON of an operation's good answers; none if it gives but pages and redirects."""
    good = [answer for status, answer in OPERATIONS[name][2]["responses"].items() if status[0] == "2"]
    return [
        schema["schema"] if kind == "application/json" else kind
        for answer in good
        for kind, schema in answer.get("content", {"nothing": {}}).items()
        if kind != "text/html"
    ]


def test_every_operation_has_a_command_that_exists():
    for_programs = {name for name in OPERATIONS if shapes(name)}
    assert len(for_programs) > 40
    others = set(SAME) | BROWSERS | PLAYERS | WORKERS
    assert for_programs - set(COMMANDS) - others == set(), "no command makes these calls"
    assert set(COMMANDS) <= set(OPERATIONS)
    assert others <= for_programs, "these need no word"
    assert not set(COMMANDS) & others
    for words in COMMANDS.values():
        assert command(words) and not isinstance(command(words), click.Group), words  # noqa: PT018


def test_what_has_none_is_open_to_a_browser_or_the_same_again():
    for name in BROWSERS:
        assert OPERATIONS[name][2]["security"] == [], name
    for name in WORKERS:
        assert OPERATIONS[name][2]["security"] == [{"ticket": []}], name
    for name, other in SAME.items():
        assert other in COMMANDS
        assert shapes(name) == shapes(other), name


@pytest.mark.parametrize("operation", sorted(COMMANDS))
def test_a_command_takes_what_its_query_takes(operation: str):
    made = command(COMMANDS[operation])
    assert made
    taken = {name.lstrip("-") for parameter in made.params for name in (parameter.name or "", *parameter.opts)}
    queries = [one["name"] for one in OPERATIONS[operation][2]["parameters"] if one["in"] == "query"]
    assert set(queries) <= taken


class Recorder:
    """Something that notes what is asked; it answers all but ``own``."""

    url = ""
    own = ("", "")

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    made = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            call = (self.command, urlsplit(self.path).path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.seen.append(call)
            known = None if is_own(call, made.own) else BEFORE.get(call)
            body = json.dumps(known if known is not None else {"title": "Not Found", "detail": "x"}).encode()
            self.send_response(200 if known is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


def is_own(call: tuple[str, str], own: tuple[str, str]) -> bool:
    """Whether a call is one of the operation ``own``: a method, and a path with parameters."""
    return call[0] == own[0] and re.fullmatch(re.sub(r"{\w+}", "[^/]+", own[1]), call[1]) is not None


@pytest.mark.parametrize("operation", sorted(COMMANDS))
def test_a_command_makes_its_call(recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str):
    recorder.seen.clear()
    recorder.own = OPERATIONS[operation][:2]
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("{}")
    stand_for = {"CID": CID, "FILE": "file", "OUT": "out"}
    words = [*COMMANDS[operation].split(), *WORDS.get(operation, "").split()]
    done = ctl(tmp_path, *(stand_for.get(word, word) for word in words), ARTDAG_URL=recorder.url)
    assert any(is_own(call, recorder.own) for call in recorder.seen), (done, recorder.seen)
    assert done.returncode == 1, done  # a 404 is no success
    assert not Path("out").exists()
