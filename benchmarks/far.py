"""What a worker on another host adds: passes that don't wait for each other, by one worker, and by one there besides.

The other host is a network namespace with a cable to this one, where nothing of the node's folders is seen: inputs and
results go over HTTP. Its processor is this machine's. Cold: each round renders with other numbers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

from benchmarks.media import footage
from benchmarks.node import CLUSTER, Node, node
from benchmarks.processes import Broken, free_port, running
from benchmarks.report import Line
from benchmarks.rounds import Bench, in_turn, seconds

HERE, THERE = "10.79.0.1", "10.79.0.2"
HIDDEN = 'mount -t tmpfs tmpfs "$1"; shift; exec "$@"'
PASSES = 8


def measure(bench: Bench) -> list[Line]:
    """As root: it makes a network namespace. One worker of each kind; the first renders are not counted."""
    if os.geteuid() or not shutil.which("ip") or not shutil.which("unshare"):
        raise Broken("another host needs root, iproute2 and util-linux: it is a network namespace")
    length = bench.size(2, 1)
    clip, turns = footage(bench.folder / "clip.mp4", length), count(1)
    with ExitStack() as stack:
        host = stack.enter_context(_host())
        alone = stack.enter_context(node(bench.folder / "alone", 1))
        beside = stack.enter_context(node(bench.folder / "beside", 2))
        home = bench.folder / "both"
        address = f"tcp://{HERE}:{free_port()}"
        both = stack.enter_context(node(home, 1, host=HERE, worker_address=address))
        worker = [
            "ip", "netns", "exec", host, "unshare", "-m", "sh", "-c", HIDDEN, "sh", str(home), sys.executable, "-m",
            "artdagd.cli.daemon", "worker", "--connect", address, "--home", str(bench.folder / "there"),
            "--name", "there",
        ]  # fmt: skip
        log = bench.folder / "there.log"
        stack.enter_context(running(worker, log, lambda: len(_workers(both)) == 2, CLUSTER))
        nodes = {"alone": alone, "both": both, "beside": beside}
        cids = {name: each.upload(clip) for name, each in nodes.items()}

        def render(name: str) -> float:
            return seconds(lambda: nodes[name].run("/api/run-recipe", _body(next(turns), cids[name])))

        for name in nodes:
            render(name)
        found = in_turn(bench.size(3, 1), {name: lambda name=name: render(name) for name in nodes})
        there = next(each for each in _workers(both) if each["name"] == "there")
        if there["blobs"] != "http" or not there["done"]:
            raise Broken(f"the other host did nothing: {there}")
    what = f"{PASSES} passes of {length} s of 720p, one worker here and one on another host"
    return [
        Line(what=what, unit="s", us=found["both"], peer_name="one worker here", peer=found["alone"]),
        Line(what=what, unit="s", us=found["both"], peer_name="two workers here", peer=found["beside"]),
    ]


def _body(turn: int, cid: str) -> dict[str, object]:
    steps = "".join(
        f"  - {{id: s{n}, type: EFFECT, inputs: [clip], cache: keep, "
        f"config: {{effect: blur, sigma: {5 + turn + n / 100}}}}}\n"
        for n in range(PASSES)
    )
    names = ", ".join(f"s{n}" for n in range(PASSES))
    recipe = f"name: wide\ninputs:\n  clip: {{type: video}}\nsteps:\n{steps}"
    recipe += f"  - {{id: all, type: SEQUENCE, inputs: [{names}]}}\n"
    recipe += "  - {id: small, type: RESIZE, inputs: [all], config: {width: 320}}\noutput: small\n"
    return {"recipe_yaml": recipe, "inputs": {"clip": cid}}


def _workers(of: Node) -> list[dict[str, object]]:
    return list(of.http.get("/workers").json()["items"])


@contextmanager
def _host() -> Iterator[str]:
    """A namespace with a cable to here, by name."""
    name = f"artbench{os.getpid() % 100_000}"
    cable = f"ab{os.getpid() % 100_000}"
    try:
        for words in (
            f"netns add {name}",
            f"link add {cable} type veth peer name cable netns {name}",
            f"addr add {HERE}/24 dev {cable}",
            f"link set {cable} up",
            f"-n {name} addr add {THERE}/24 dev cable",
            f"-n {name} link set cable up",
        ):
            done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Broken(f"ip {words}: {done.stderr.strip()}")
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
