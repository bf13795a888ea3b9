"""Every operation of the API, driven by schemathesis with real things on a real node.

``make contract CONTRACT="--examples 1000 --seed 1"``: all phases, and what came of them.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from clips import numbered_clip
from contract.seeded import METHODS, seeded
from nodes import STATE, Person, running_node
from registry import Registry, plugged
from things import Things

from artdagd.api.openapi.examples import PARAMETERS
from artdagd.auth import attempts, tokens
from artdagd.hooks.manager import Plugins
from artdagd.runs import storage

HERE = Path(__file__).parent

PHASES = ("examples", "coverage", "fuzzing", "stateful")

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method",
    "missing_required_header", "ignored_auth", "use_after_free",
)  # fmt: skip
"""Not `allow_header_conformance`: of `/recipes/upload` it says that GET is not allowed, where a recipe may be called
`upload`."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: ``sent`` requests of ``operations``, answers by ``statuses``, and what schemathesis says."""

    clean: bool
    operations: int
    sent: int
    statuses: dict[str, int]
    report: str


@asynccontextmanager
async def planted(folder: Path) -> AsyncIterator[tuple[dict[str, Any], dict[str, Any]]]:
    """A node with everything on it that an operation may name: its document, and what the hooks are told."""
    registry = Registry()
    load = Plugins.load
    (folder / "import").mkdir(parents=True)
    clip = numbered_clip(folder / "import" / "clip.mp4", 6)
    settings = {"max_active_runs": 5000, "max_active_runs_per_user": 5000, "import_roots": (folder / "import",)}
    with (
        patch.object(Plugins, "load", lambda: plugged(load(), registry)),
        patch.object(attempts, "MOST", 1 << 30),
        patch.object(tokens, "MOST", 1 << 30),
        patch.object(storage, "MOST", 1 << 30),
    ):
        async with running_node(folder / "home", workers=1, **settings) as (node, person):
            things = Things(person.http, folder / "stores", clip)
            seeds = {name: await things.make(name) for name in PARAMETERS}
            seeds |= await _played(person, things)
            shown = {name: str(about["example"]) for name, about in PARAMETERS.items() if name != "type"}
            examples = {shown[name]: seeds[name] for name in shown if name not in ("recipe_id", "provider_id")}
            examples |= {"/srv/shelf": str(folder / "stores" / "shelf"), "artdag_…": await _token(person)}
            examples[PLAN] = seeds["plan_id"]
            document = (await person.http.get("/openapi.json")).json()
            token = person.http.headers["Authorization"].partition(" ")[2]
            yield (
                seeded(document, examples, seeds),
                {
                    "url": node.url,
                    "token": token,
                    "seeds": seeds,
                    "kept": ["admin", hashlib.sha256(token.encode()).hexdigest()[:16]],
                    "folder": str(folder / "stores"),
                    "clip": str(clip),
                },
            )


PLAN = "baguqeeraqfkb3hkzkvpq3vh5s4frm6kkgfaxcpnhwz2vcvlwxexlf6ptnfia"


async def _played(person: Person, things: Things) -> dict[str, str]:
    """A recipe that was run on a video, and all that came of it."""
    clip = await things.clip()
    recipe = await things.recipe("soft")
    run = await person.run(recipe=recipe, inputs={"clip": clip})
    assert run["status"] == "completed", run
    for name in ("mp4", "poster", "thumbnails", "waveform"):
        await person.http.get(f"/cache/{clip}/{name}")
    return {"cid": clip, "recipe_id": recipe, "run_id": run["run_id"], "plan_id": run["plan_id"], "effect": "blur"}


async def _token(person: Person) -> str:
    answer = await person.http.post("/auth/tokens", json={"name": "shown", "scopes": ["read"]})
    return str(answer.json()["token"])


async def drive(folder: Path, *, examples: int, seed: int, phases: tuple[str, ...] = PHASES) -> Outcome:
    """Send ``examples`` and more to each operation. ``folder`` is empty."""
    async with planted(folder) as (document, given):
        schema = folder / "openapi.json"
        schema.write_text(json.dumps(document))
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", str(schema), "--url", given["url"],
            "--header", f"Authorization: Bearer {given['token']}", "--phases", ",".join(phases),
            "--checks", ",".join(CHECKS), "--max-examples", str(examples), "--seed", str(seed), "--workers", "1",
            "--request-timeout", "30", "--max-redirects", "0", "--continue-on-failure", "--warnings", "off",
            "--generation-database", "none", "--no-color",
        ]  # fmt: skip
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": f"{HERE}:{HERE.parent}"}
        environment["ARTDAG_CONTRACT"] = json.dumps(given)
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        async with httpx.AsyncClient(base_url=given["url"], trust_env=False) as http:
            told = await http.get("/metrics", headers={"Authorization": f"Bearer {given['token']}"})
    statuses: Counter[str] = Counter()
    for status, count in re.findall(r'artdag_http_requests_total{.*?status="(\d+)"} ([\d.]+)', told.text):
        statuses[status] += int(float(count))
    operations = sum(method in METHODS for methods in document["paths"].values() for method in methods)
    report = said.decode(errors="replace")
    tested = re.search(r"Tested: (\d+)", report)
    assert process.returncode == 1 or tested, report
    return Outcome(process.returncode == 0, operations, statuses.total(), dict(sorted(statuses.items())), report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default=",".join(PHASES))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="artdag-contract-") as folder:
        os.environ.setdefault(STATE, str(Path(folder) / "state"))
        Path(os.environ[STATE]).mkdir(exist_ok=True)
        found = asyncio.run(
            drive(Path(folder) / "x", examples=given.examples, seed=given.seed, phases=tuple(given.phases.split(",")))
        )
    print(found.report)
    print(f"{found.operations} operations, {found.sent} requests, answers by status: {found.statuses}")
    sys.exit(not found.clean)


if __name__ == "__main__":
    main()
