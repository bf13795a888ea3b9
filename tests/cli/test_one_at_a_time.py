"""Two daemons on one home (failures.md B7): the second says whose it is and ends; after a kill the next one starts.

``ARTDAG_DAEMON_TRIALS`` says how often (50).
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from processes import DAEMON, Daemon, environment

TRIALS = int(os.environ.get("ARTDAG_DAEMON_TRIALS", "50"))


@pytest.mark.slow
@pytest.mark.timeout(60 + 40 * TRIALS)
def test_one_daemon_has_a_home_and_a_killed_one_leaves_no_lock(tmp_path: Path):
    home, both, false = tmp_path / "home", 0, 0
    first = Daemon(home, 0)
    first.start()
    try:
        for _ in range(TRIALS):
            command = [*DAEMON, "serve", "--port", "0", "--workers", "0"]
            second = subprocess.run(
                command, env=environment(home), capture_output=True, text=True, check=False, timeout=60
            )
            refused = second.returncode == 78 and f"another daemon (process {first.process.pid})" in second.stderr
            both += not refused
            first.stop(signal.SIGKILL)
            (home / "address").unlink()
            first.start()  # fails if it is told that another has the home
            false += "another daemon" in first.log
    finally:
        first.stop(signal.SIGKILL)
    print(f"{TRIALS} times two: {both} running both, {false} refused after a kill")
    assert (both, false) == (0, 0)
