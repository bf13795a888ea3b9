"""A plan of 5,000 steps of which every result exists, beside build tools with 5,000 edges that are up to date.

Two figures of ours: planning and looking up (``parts/plan_artdagd.py``), which is what a build tool does when it says
that there is nothing to do; and a whole run of that plan over HTTP, until its last event. The peers' processes are
started for each figure, as their users do; the daemon runs already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.node import Node, node
from benchmarks.peers import lacking
from benchmarks.processes import Answerer, python
from benchmarks.report import Line, at_most
from benchmarks.rounds import Bench, Runner, in_turn, seconds

CHAINS = 49
SNAKEFILE = """\
rule all:
    input: "joined"
rule join:
    input: expand("{{chain}}-{last}", chain=range({chains}))
    output: "joined"
    shell: "touch {{output}}"
rule link:
    input: lambda names: f"{{names.chain}}-{{int(names.link) - 1}}" if int(names.link) else "video"
    output: r"{{chain,\\d+}}-{{link,\\d+}}"
    shell: "touch {{output}}"
"""


def measure(bench: Bench) -> list[Line]:
    """The daemon works on the home that the planning process has seeded."""
    count = bench.size(5000, 200)
    home = bench.folder / "home"
    home.mkdir()
    missing = {"ninja": "" if _ninja() else lacking("ninja"), "snakemake": lacking("snakemake")}
    with ExitStack() as stack:
        planning = Answerer(python("plan_artdagd", home, count), bench.folder / "plan.log")
        stack.enter_context(planning)
        plan_id = planning.read()
        ours = stack.enter_context(node(home, workers=0))
        _run(ours, plan_id)
        runners: dict[str, Runner] = {
            "us": lambda: planning.ask("plan") * 1000,
            "run": lambda: seconds(partial(_run, ours, plan_id)) * 1000,
        }
        if not missing["ninja"]:
            runners["ninja"] = _timed(_edges(bench.folder / "ninja", count))
        if not missing["snakemake"]:
            runners["snakemake"] = _timed(_rules(bench.folder / "snakemake", count))
        found = in_turn(bench.rounds, runners)
    beside = {
        ("us", "ninja"): ((at_most(150, "us"), at_most(2)), "plan and look up {} steps, all cached", "ninja"),
        ("us", "snakemake"): ((), "plan and look up {} steps, all cached", "Snakemake"),
        ("run", "ninja"): ((), "a run of that plan over HTTP, 0 passes", "ninja"),
    }
    return [
        Line(
            what=what.format(count),
            unit="ms",
            us=found[us],
            peer_name=title,
            peer=found.get(name, ()),
            missing=missing[name],
            aims=aims,
        )
        for (us, name), (aims, what, title) in beside.items()
    ]


def _run(ours: Node, plan_id: str) -> None:
    assert ours.run("/api/execute", {"plan_id": plan_id})["passes_run"] == 0


def _timed(command: list[str]) -> Runner:
    def run() -> float:
        # CI and colours are no part of it; what it says is.
        return seconds(lambda: _nothing_to_do(command)) * 1000

    return run


def _nothing_to_do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    said = (done.stdout + done.stderr).lower()
    assert "no work to do" in said or "nothing to be done" in said, said[-1000:]


def _ninja() -> str | None:
    """The one in this environment, else the system's."""
    here = Path(sys.executable).parent / "ninja"
    return str(here) if here.exists() else shutil.which("ninja")


def _edges(folder: Path, count: int) -> list[str]:
    """A build of ``count`` edges, built once; the command that finds nothing to do."""
    folder.mkdir()
    (folder / "video").touch()
    length = (count - 1) // CHAINS
    lines = ["rule touch", "  command = touch $out"]
    for chain in range(CHAINS):
        for link in range(length):
            lines.append(f"build c{chain}-{link}: touch {f'c{chain}-{link - 1}' if link else 'video'}")
    lines.append("build joined: touch " + " ".join(f"c{chain}-{length - 1}" for chain in range(CHAINS)))
    before = "joined"
    for number in range(CHAINS * length + 1, count):
        lines.append(f"build after-{number}: touch {before}")
        before = f"after-{number}"
    (folder / "build.ninja").write_text("\n".join([*lines, f"default {before}", ""]))
    command = [_ninja() or "ninja", "-C", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return command


def _rules(folder: Path, count: int) -> list[str]:
    """The same as a Snakefile, its outputs made by hand in their order."""
    folder.mkdir()
    length = (count - 1) // CHAINS
    (folder / "Snakefile").write_text(SNAKEFILE.format(last=length - 1, chains=CHAINS))
    names = ["video", *(f"{chain}-{link}" for link in range(length) for chain in range(CHAINS)), "joined"]
    for number, name in enumerate(names):
        (folder / name).touch()
        os.utime(folder / name, (1_000_000_000 + number,) * 2)
    command = [sys.executable, "-m", "snakemake", "-s", str(folder / "Snakefile"), "-d", str(folder)]
    return [*command, "--cores", "2", "--rerun-triggers", "mtime", "--nolock"]
