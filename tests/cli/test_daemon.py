"""``artdagd``: how it starts, what it refuses to start on, how it stops, and what it never writes down."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from processes import DAEMON, Daemon, ctl, environment, well

from artdagd.cli.daemon import daemon
from artdagd.doctor import examination
from artdagd.settings import Settings
from tests import databases

CONFIG_ERROR = 78


def serve(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """An ``artdagd serve`` that is expected to refuse."""
    command = [*DAEMON, "serve", "--workers", "0", *(words or ("--port", "0"))]
    return subprocess.run(
        command, env=environment(home, **more), capture_output=True, text=True, check=False, timeout=30
    )


def refused(done: subprocess.CompletedProcess[str], *said: str, code: int = CONFIG_ERROR) -> None:
    assert done.returncode == code, done
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot: 1", "unknown setting 'prot'; did you mean 'port'?"),
        ("storage: [{type: locall, name: disk}]", "storage disk: no storage type 'locall'"),
    ],
)
def test_a_wrong_settings_file_is_named(tmp_path: Path, text: str, said: str):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    refused(serve(tmp_path / "home", "--port", "0", "--config", str(file)), said)


def test_a_port_that_is_taken_is_named(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(serve(tmp_path / "home", "--port", port), f"can't listen on 127.0.0.1:{port}", "PORT")
    assert not (tmp_path / "home" / "address").exists()


@pytest.mark.parametrize("variable", ["ARTDAG_HOME", "CACHE_DIR"])
def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path, variable: str):
    file = tmp_path / "file"
    file.touch()
    refused(serve(tmp_path / "home", **{variable: str(file / "inside")}), str(file / "inside"))


def test_a_home_that_everybody_writes_in_is_refused(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)
    refused(serve(home), "can be written by everyone", f"chmod o-w {home}")


def test_a_damaged_database_is_named_and_kept(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    file = home / "artdagd.sqlite"
    file.write_bytes(b"not a database" * 1000)
    refused(serve(home, DATABASE_URL=f"sqlite:///{file}"), str(file), "restore a backup")
    assert file.read_bytes() == b"not a database" * 1000


def test_one_daemon_a_home(idle: Daemon):
    refused(serve(idle.home), f"another daemon (process {idle.process.pid})", str(idle.home))
    assert "ok" in well(idle.ctl("status"))


@pytest.mark.skipif(databases.on_postgresql(), reason="there is no file")
def test_one_daemon_a_database_file(idle: Daemon, tmp_path: Path):
    """Whatever its home: by another name of the file, and for a command that changes it, too."""
    (tmp_path / "other.sqlite").symlink_to(idle.home / "artdagd.sqlite")
    (tmp_path / "home").mkdir(mode=0o700)
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    said = (f"another daemon (process {idle.process.pid}) uses the database file", "other.sqlite", "PostgreSQL")
    refused(serve(tmp_path / "home", DATABASE_URL=url), *said)
    assert ctl(tmp_path / "home", "db", "upgrade", DATABASE_URL=url).returncode == 78
    assert "ok" in well(idle.ctl("status"))


@pytest.mark.parametrize(
    ("address", "said"),
    [("nonsense", "no address"), ("tcp://127.0.0.1", "no address"), ("ipc:///" + "x" * 200, "107 bytes")],
)
def test_a_worker_address_that_is_none_is_named(address: str, said: str):
    done = CliRunner().invoke(daemon, ["worker", "--connect", address])
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_it_stops_on_sigterm_and_starts_again_after_sigkill(tmp_path: Path, clip: Path, request: pytest.FixtureRequest):
    node = Daemon(tmp_path / "home", 0)
    node.start(REDIS_URL="redis://:hidden@host/5")
    request.addfinalizer(lambda: node.stop(signal.SIGKILL))
    assert "REDIS_URL is set and ignored" in node.log
    assert "hidden" not in node.log
    run_id = well(node.ctl("render", "invert", clip))
    assert node.stop() == 0
    assert not (node.home / "address").exists()  # or a stranger on that port would get the token
    node.start()
    assert run_id in well(node.ctl("runs", "list"))
    node.stop(signal.SIGKILL)
    (node.home / "address").unlink()
    node.start()  # the kernel let go of the lock
    assert run_id in well(node.ctl("runs", "list"))
    assert node.stop(signal.SIGINT) == 0


def test_the_admin_token_is_written_nowhere_else(tmp_path: Path, clip: Path):
    """Not to the log, standard output, the database or any other file; and wrong tokens neither."""
    node = Daemon(tmp_path / "home", 0)
    node.start()
    file = node.home / "admin-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    url = node.url
    well(node.ctl("render", "invert", clip))
    wrong = "artdag_" + "w" * 43
    assert node.ctl("status", ARTDAG_TOKEN=wrong).returncode == 4
    assert node.stop() == 0
    assert url in node.log  # the address, and where the token is
    assert str(file) in node.log
    secret = file.read_text().strip().removeprefix("artdag_").encode()
    assert re.fullmatch(rb"[\w-]{43}", secret)
    for folder, _, names in os.walk(node.home):
        for name in names:
            if Path(folder, name).is_file() and Path(folder, name) != file:
                content = Path(folder, name).read_bytes()
                assert secret not in content, name
                assert wrong.encode() not in content, name


@pytest.mark.parametrize(
    ("host", "warned"),
    [("0.0.0.0", True), ("studio.example", True), ("127.0.0.1", False), ("::1", False), ("localhost", False)],
)
def test_an_address_that_others_reach_is_warned_of(
    host: str, warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    examination.refuse(Settings(host=host, home=tmp_path / "home"))
    assert ("other machines can reach this node" in caplog.text) == warned
