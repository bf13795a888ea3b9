"""Mutated media against a worker's probe and render: `make fuzz`, or python tests/fuzz/media.py --help.

Each mutant goes through what a worker does with a file, in a process under the limits of a worker. It has to end in
facts or a video, or be refused in words (StepFailed with a code of its own). A death of the process, a hang, and an
exception that nobody foresaw are findings: they are printed with the number that makes the mutant again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutants import mutant
from seeds import seeds

MEMORY = 3 << 30
HANG = 30.0
"""Seconds."""

FORESEEN = ("bad_media", "refused")


@dataclass
class Report:
    """``outcomes`` counts, for each mutant, how its probe and its render ended. ``findings`` are what should not be."""

    seed: int
    done: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"  {count:7} {outcome}" for outcome, count in self.outcomes.most_common()]
        lines += [f"  FINDING {finding}" for finding in self.findings]
        head = f"{len(self.findings)} findings in {self.done} mutants, seed {self.seed}"
        return "\n".join((f"{head}, {self.seconds:.0f} s", *lines))


def fuzz(count: int, seed: int, first: int = 0, processes: int = 1, seconds: float = float("inf")) -> Report:
    """Try ``count`` mutants, from number ``first`` on, or as many as can be begun in ``seconds``."""
    report, started = Report(seed), time.monotonic()
    numbers = takewhile(lambda _: time.monotonic() - started < seconds, range(first, first + count))
    with selectors.DefaultSelector() as selector:
        for _ in range(min(processes, count)):
            _give(selector, _Tester(seed), numbers)
        while selector.get_map():
            ready = {key.fileobj for key, _ in selector.select(1.0)}
            for key in list(selector.get_map().values()):
                tester: _Tester = key.data
                if key.fileobj in ready:
                    outcome = tester.outcome()
                elif time.monotonic() - tester.since > HANG:
                    outcome = f"hung for {HANG:g} s"
                else:
                    continue
                selector.unregister(key.fileobj)
                _note(report, tester, outcome)
                if outcome is None or outcome.startswith("hung"):
                    tester.end()
                    tester = _Tester(seed)
                _give(selector, tester, numbers)
    report.seconds = time.monotonic() - started
    return report


def _give(selector: selectors.BaseSelector, tester: _Tester, numbers: object) -> None:
    number = next(numbers, None)  # type: ignore[call-overload]
    if number is None:
        tester.end()
        return
    tester.start(number)
    selector.register(tester.process.stdout, selectors.EVENT_READ, tester)  # type: ignore[arg-type]


def _note(report: Report, tester: _Tester, outcome: str | None) -> None:
    report.done += 1
    if outcome is None:
        outcome = f"died: {tester.end()}"
    report.outcomes[outcome] += 1
    if outcome.startswith(("died", "hung", "unforeseen")):
        report.findings.append(f"{tester.number}: {outcome}")


class _Tester:
    """A process that tries mutants, one at a time."""

    def __init__(self, seed: int) -> None:
        words = [sys.executable, __file__, "--tester", "--seed", str(seed)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.number, self.since = -1, 0.0

    def start(self, number: int) -> None:
        assert self.process.stdin is not None
        self.number, self.since = number, time.monotonic()
        self.process.stdin.write(f"{number}\n")

    def outcome(self) -> str | None:
        """How the mutant ended; None if the process ended with it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def end(self) -> int:
        """Its exit code, after it was told to stop, or killed if it doesn't."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            return self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()


def _test(seed: int) -> None:
    """Read numbers, write how their mutants end."""
    from artdagd.hooks.manager import Plugins
    from artdagd.steps.catalogue import Catalogue
    from artdagd.workers.limits import limit
    from artdagd.workers.tasks import Tasks

    limit(MEMORY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # libav says a good deal about each
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        files = seeds(scratch)
        tasks = Tasks(Catalogue.of(Plugins.load()), scratch)
        (scratch / "a.mp4").write_bytes(files["h264.mp4"])  # what a playlist would like to read
        for line in sys.stdin:
            _, data = mutant(files, seed, int(line))
            (scratch / "mutant").write_bytes(data)
            print(json.dumps(_tried(tasks, scratch / "mutant", scratch / "out", int(line) % 2 / 10)), flush=True)


def _tried(tasks: object, path: Path, output: Path, start: float) -> str:
    from artdagd.errors import StepFailed
    from artdagd.work import Delivery, RenderPass, RenderStep
    from artdagd.workers.messages import ProbeJob, RenderJob

    step = RenderStep("s", "SEGMENT", {"start": start, "duration": 0.3}, ("a",))
    render = RenderJob(RenderPass((step,), {"a": str(path)}, Delivery(preset="ultrafast")))
    said = []
    for job in (ProbeJob(str(path)), render):
        try:
            done = tasks.perform(job, output, lambda fraction: None, lambda: False)  # type: ignore[attr-defined]
            said.append(done.value["kind"] if isinstance(job, ProbeJob) else "rendered")
        except StepFailed as error:
            if error.code not in FORESEEN:
                return f"unforeseen {error.code}: {error.detail[:200]}"
            said.append(error.code)
    return ", ".join(said)


def main() -> int:
    parser = argparse.ArgumentParser(description="try mutated media on the probe and the renderer")
    parser.add_argument("--count", type=int, default=2000, help="mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what they are made from (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first: to see a finding again")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no more after this time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tester", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.tester:
        _test(asked.seed)
        return 0
    report = fuzz(asked.count, asked.seed, asked.first, asked.processes, asked.seconds)
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
