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
HOME = Path(os.environ.get("ARTDAG_HOME", ".demo")).absolute()
RESULT = HOME / "beat-sync.mp4"
BIN = Path(sys.executable).parent


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return json.load(answer)["status"] == "ok"
    except OSError:
        return False


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A node on a free port; returns when it accepts work."""
    address = HOME / "address"
    address.unlink(missing_ok=True)
    log = (HOME / "node.log").open("wb")
    node = subprocess.Popen([BIN / "artdagd", "serve", "--port", "0"], env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not (address.exists() and healthy(address.read_text().strip())):
        if node.poll() is not None or time.monotonic() > deadline:
            node.kill()
            sys.exit(f"the node did not start; its log ends:\n{(HOME / 'node.log').read_text()[-2000:]}")
        time.sleep(0.05)
    print(f"node at {address.read_text().strip()} (log: {HOME / 'node.log'})", flush=True)
    return node


def main() -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "ARTDAG_HOME": str(HOME)}
    environment.pop("ARTDAG_URL", None)
    environment.pop("ARTDAG_TOKEN", None)
    node = start(environment)
    try:
        media = EXAMPLES / "media"
        inputs = ["--input", f"video={media / 'bunny.mp4'}", "--input", f"audio={media / 'music.ogg'}"]
        command = [BIN / "artdagctl", "run", EXAMPLES / "beat-sync.yaml", *inputs, "--follow", "--output", RESULT]
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(30)


if __name__ == "__main__":
    sys.exit(main())
