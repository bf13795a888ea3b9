"""Following a run: what a terminal shows, Ctrl-C, a node that goes away and comes back."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import Daemon, environment, well

from artdagd.cid import cid_of_file

CONTROL = """
import signal
from artdagd.cli.control import main
# Of a test run in the background it would inherit that it takes no interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


@contextmanager
def follower(home: Path, *words: object) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """``artdagctl WORDS`` with a terminal for its standard error; the terminal's other end."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", CONTROL, *map(str, words)]
    process = subprocess.Popen(
        command, env=environment(home, TERM="xterm", COLUMNS="100"), stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        os.close(ours)


def read_until(terminal: int, *words: bytes) -> bytes:
    """What the terminal shows until it shows one of ``words``. pytest's time-out bounds the wait."""
    shown = b""
    while not any(word in shown for word in words):
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            raise AssertionError(shown.decode()) from None
    return shown


def rest(terminal: int) -> str:
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            return shown.decode()


def test_ctrl_c_leaves_the_run_and_says_how_to_come_back(idle: Daemon, clip: Path):
    with follower(idle.home, "render", "invert", clip, "--sync") as (process, terminal):
        read_until(terminal, b"pending", b"analyzing", b"running")
        process.send_signal(signal.SIGINT)
        said = rest(terminal)
        assert process.wait(20) == 130
    run_id = well(idle.ctl("runs", "list", "--limit", "1")).splitlines()[-1].split()[0]
    assert "the run goes on" in said
    assert f"artdagctl runs show {run_id} --follow" in said
    assert f"artdagctl runs cancel {run_id}" in said
    assert "Traceback" not in said
    assert run_id not in idle.ctl("runs", "list", "--status", "cancelled").stdout
    well(idle.ctl("runs", "cancel", run_id))


def test_a_run_is_followed_through_a_restart_of_the_node(clip: Path, tmp_path: Path):
    node = Daemon(tmp_path / "home", 0)
    node.start()
    port = node.url.rpartition(":")[2]
    target = tmp_path / "out.mp4"
    with follower(node.home, "render", "invert", clip, "-o", target) as (process, terminal):
        read_until(terminal, b"pending", b"analyzing", b"running")
        node.stop(signal.SIGKILL)
        (node.home / "address").unlink()
        read_until(terminal, b"waiting for the node")
        shown: list[str] = []
        reader = threading.Thread(target=lambda: shown.append(rest(terminal)))
        reader.start()  # or the terminal fills, and the follower waits for it
        node.workers = 1
        node.start(port)
        try:
            out, _ = process.communicate(timeout=90)
        finally:
            assert node.stop() == 0
        reader.join()
        assert process.returncode == 0, shown
    assert "completed" in shown[0]
    assert f"output      {cid_of_file(target)}" in out.decode()
