"""What ``make demo`` does: start a node, render the beat-sync recipe from real media, say where the result is.

Everything is kept under ``ARTDAG_HOME``, so that a second demo finds all in the cache. The node is stopped at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

EXAMPLES = Path(__file__).parent
BIN = Path(sys.executable).parent


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return json.load(answer)["status"] == "ok"
    except OSError:
        return False


def start(home: Path) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """A node on a free port that keeps all in ``home``, and the environment in which ``artdagctl`` finds it.

    Returns when it accepts work.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("ARTDAG_URL", "ARTDAG_TOKEN")}
    environment["ARTDAG_HOME"] = str(home)
    address = home / "address"
    address.unlink(missing_ok=True)
    log = (home / "node.log").open("wb")
    node = subprocess.Popen([BIN / "artdagd", "serve", "--port", "0"], env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not (address.exists() and healthy(address.read_text().strip())):
        if node.poll() is not None or time.monotonic() > deadline:
            node.kill()
            sys.exit(f"the node did not start; its log ends:\n{(home / 'node.log').read_text()[-2000:]}")
        time.sleep(0.05)
    print(f"node at {address.read_text().strip()} (log: {home / 'node.log'})", flush=True)
    return node, environment


def stop(node: subprocess.Popen[bytes]) -> None:
    node.send_signal(signal.SIGTERM)
    node.wait(30)


def main() -> int:
    home = Path(os.environ.get("ARTDAG_HOME", ".demo")).absolute()
    node, environment = start(home)
    try:
        media = EXAMPLES / "media"
        inputs = ["--input", f"video={media / 'bunny.mp4'}", "--input", f"audio={media / 'music.ogg'}"]
        command = [
            BIN / "artdagctl",
            "run",
            EXAMPLES / "beat-sync.yaml",
            *inputs,
            "--follow",
            "--output",
            home / "beat-sync.mp4",
        ]
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        stop(node)


if __name__ == "__main__":
    sys.exit(main())
