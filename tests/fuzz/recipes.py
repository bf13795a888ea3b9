"""Mutated recipe texts against the parser: `make fuzz-recipes`, or python tests/fuzz/recipes.py --help.

Each mutant has to give a recipe, or InvalidRecipe with line and column for every fault, in less than a second of
processor time. All else is a finding, printed with the number that makes the mutant again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from mutants import mutant

from artdagd.errors import InvalidRecipe
from artdagd.hooks.manager import Plugins
from artdagd.recipes.parse import parse_recipe
from artdagd.steps.catalogue import Catalogue
from docs.examples import recipe

MOST = 1.0
"""Seconds of processor time."""

TOKENS = """
name version description inputs params steps output id type config cache keep auto clip song out rhythm video audio data
default min max choices integer number string boolean format fps for crf width height effect features mode text
$params.x $params. ${x} true false null ~ yes on .nan .inf -.inf -0.0 1e999 1e308 0x 0o7 017 1:30 2026-01-01
99999999999999999999 ! !! !!int !!python/name:os.system &a *a <<: --- ... %YAML ? | > |2- >+ @ `
"""
WORDS = TOKENS.split()
MARKS = [": ", ", ", "- ", "? ", "\n", "\r", "\n  ", "\n\t", "[", "]", "{", "}", "#", " #", "'", '"', '"\\u202e"', "\0"]
MARKS += ["\u2028", "\u202e", "\ufeff", "\x85", "\u00e9", "\U0001f600"]


@cache
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.load())


@cache
def seeds() -> Mapping[str, bytes]:
    """A recipe for each step type and effect."""
    items = [item for item in catalogue().describe() if item["kind"] != "analyzer"]
    return {f"{item['kind']} {item['name']}": recipe(item).encode() for item in items}


def text(seed: int, number: int) -> bytes:
    """A mutant: the same for the same arguments. One of three has bytes changed, the others words."""
    random = Random(f"{seed}/{number}")
    if number % 3 == 0:
        return mutant(seeds(), seed, number)[1]
    made = seeds()[random.choice(sorted(seeds()))].decode()
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        at = random.randrange(len(made) + 1)
        until = at + random.choice((0, 0, 1, 1, 3, 10, 40))
        part = random.choice((random.choice(WORDS), random.choice(MARKS), made[at:until] * random.choice((2, 3, 40))))
        made = made[:at] + part + made[until:]
    return made.encode()


def outcome(made: bytes) -> str:
    """How a text ends; what should not be begins with FINDING."""
    began = time.process_time()
    try:
        parse_recipe(made, catalogue())
        said = "a recipe"
    except InvalidRecipe as error:
        placed = bool(error.faults) and all(fault.line and fault.column for fault in error.faults)
        said = "refused" if placed else f"FINDING without a place: {error.detail[:200]!r}"
    except Exception as error:
        return f"FINDING {type(error).__name__}: {str(error)[:200]!r}"
    took = time.process_time() - began
    return said if took < MOST else f"FINDING {took:.1f} s"


def tried(seed: int, first: int, stop: int) -> tuple[Counter[str], list[str]]:
    """How many ended in what, and the findings, by number."""
    counts, findings = Counter[str](), []
    for number in range(first, stop):
        ended = outcome(text(seed, number))
        counts[ended.split(":")[0]] += 1
        if ended.startswith("FINDING"):
            findings.append(f"{number}: {ended}")
    return counts, findings


def main() -> int:
    parser = argparse.ArgumentParser(description="try mutated recipes on the parser")
    parser.add_argument("--count", type=int, default=1_000_000, help="mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what they are made from (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first: to see a finding again")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began, counts, findings = time.monotonic(), Counter[str](), []
    stop, share = asked.first + asked.count, 2000
    starts = range(asked.first, stop, share)
    with ProcessPoolExecutor(asked.processes) as pool:
        ends = [min(start + share, stop) for start in starts]
        for some, found in pool.map(tried, [asked.seed] * len(starts), starts, ends):
            counts += some
            findings += found
            for finding in found:
                print(finding, flush=True)
    took = time.monotonic() - began
    print(f"{len(findings)} findings in {counts.total()} mutants, seed {asked.seed}, {took:.0f} s: {dict(counts)}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
