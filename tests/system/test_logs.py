"""The log: three formats, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from artdagd.system import logs

TOKEN = "artdag_" + "x" * 43
SAID = [
    (f"Authorization: Bearer {TOKEN}", TOKEN),
    ("Authorization: Bearer eyJhbGciOi.J9.x", "eyJhbGciOi"),
    ("GET /auth?auth_token=abc123&state=1", "abc123"),
    ("can't open postgresql://me:hunter2@db/art", "hunter2"),
]


def record(message: str, *, error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, None) if error else None
    return logging.LogRecord("artdagd.runs", logging.WARNING, "/x/runs.py", 7, message, (), trace, "perform")


def entry(data: bytes) -> dict[str, str]:
    """The fields of one entry of the journal's native protocol."""
    found = {}
    stream = io.BytesIO(data)
    while line := stream.readline():
        name, equals, value = line.rstrip(b"\n").partition(b"=")
        if not equals:
            value = stream.read(int.from_bytes(stream.read(8), "little"))
            assert stream.read(1) == b"\n"
        found[name.decode()] = value.decode()
    return found


def test_the_journal_gets_fields(listener: socket.socket):
    handler = logs.JournalHandler(listener.getsockname())
    handler.emit(record("first\nsecond=2"))
    assert entry(listener.recv(1 << 16)) == {
        "MESSAGE": "first\nsecond=2", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "artdagd", "LOGGER": "artdagd.runs",
        "CODE_FILE": "/x/runs.py", "CODE_LINE": "7", "CODE_FUNC": "perform",
    }  # fmt: skip
    handler.emit(record("ä" * 200_000))
    assert len(entry(listener.recv(1 << 20))["MESSAGE"]) == logs.LONGEST
    handler.close()


def test_what_the_journal_does_not_take_is_not_lost(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    handler = logs.JournalHandler(str(tmp_path / "nobody"))
    handler.emit(record("well"))
    handler.close()
    assert capsys.readouterr().err == "<4>well\n"


def test_json_is_one_object_a_line():
    said = json.loads(logs.JsonLines().format(record("two\nlines", error=ValueError("broken"))))
    assert (said["level"], said["logger"]) == ("warning", "artdagd.runs")
    assert said["message"] == "two\nlines"
    assert "ValueError: broken" in said["trace"]
    assert said["time"].endswith("+00:00")


@pytest.mark.parametrize(("said", "secret"), SAID)
def test_secrets_are_in_no_format(said: str, secret: str, listener: socket.socket):
    handler = logs.JournalHandler(listener.getsockname())
    handler.emit(record(said, error=ValueError(said)))
    written = listener.recv(1 << 16).decode()
    handler.close()
    for form in (logs.Text(), logs.JsonLines()):
        written += form.format(record(said, error=ValueError(said)))
    assert secret not in written
    assert logs.HIDDEN in written


def test_names_of_hooks_are_no_secrets():
    said = "plugin x: artdag_storage_types failed"
    assert logs.without_secrets(said) == said


def said_by(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **more}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=30
    )


SAY = "import logging; from artdagd.system import logs; logs.set_up(); logging.getLogger('x').warning('a word')"


def test_the_variable_chooses_the_format():
    assert json.loads(said_by(SAY, ARTDAG_LOG="json").stderr)["message"] == "a word"
    assert said_by(SAY, ARTDAG_LOG="text").stderr.endswith(" WARNING x: a word\n")
    assert "ARTDAG_LOG is 'xml'" in said_by(SAY, ARTDAG_LOG="xml").stderr
