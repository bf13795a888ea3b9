"""A recipe of N steps, all of them done before: ``HOME N``. Seeds a home that a daemon can then be started on.

49 chains of effects from one video, joined by a SEQUENCE; every step keeps its result. The results are not rendered:
their action records are written as a run would write them, all with one small blob as their output.

The first line printed is the plan's id. Then each question ``plan`` is answered with the seconds of planning and of
looking up every result.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

from artdagd.database import Database
from artdagd.database.actions import ActionRow
from artdagd.hooks.manager import Plugins
from artdagd.recipes.model import Recipe, RecipeInput, RecipeStep
from artdagd.runs.compute import Compute
from artdagd.runs.execution import Planner, Planning
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.work import Delivery, MediaFacts, VideoFacts
from artdagd.workers.broker import Broker

CHAINS = 49
EFFECTS = ("hue", "blur", "vignette", "invert")
FACTS = MediaFacts("video", "video/mp4", "mp4", 10.0, VideoFacts(1280, 720, (25, 1), 10.0, "h264", "yuv420p"))


def recipe(count: int) -> Recipe:
    """``count`` steps: chains of equal length, then what joins them, then one effect for each that is left."""
    length = (count - 1) // CHAINS
    steps = []
    for chain in range(CHAINS):
        before = "video"
        for link in range(length):
            name = f"c{chain}-{link}"
            # The first of each chain is another one: the same step twice is one computation.
            config: dict[str, Any] = (
                {"effect": EFFECTS[link % len(EFFECTS)]} if link else {"effect": "hue", "degrees": chain}
            )
            steps.append(RecipeStep(name, "EFFECT", (before,), config, keep=True))
            before = name
    ends = tuple(f"c{chain}-{length - 1}" for chain in range(CHAINS))
    steps.append(RecipeStep("joined", "SEQUENCE", ends, {}, keep=True))
    while len(steps) < count:
        steps.append(RecipeStep(f"after-{len(steps)}", "EFFECT", (steps[-1].id,), {"effect": "hue"}, keep=True))
    video = {"video": RecipeInput("video")}
    return Recipe("many", "1", "", video, {}, tuple(steps), steps[-1].id, Delivery())


async def main(home: Path, count: int) -> None:
    catalogue = Catalogue.of(Plugins.load())
    database = await Database.open(f"sqlite:///{home / 'artdagd.sqlite'}")
    store = BlobStore(home / "cache", reserve_bytes=0)
    await store.open()
    # Never started: nothing is submitted to it.
    compute = Compute(store, database, Broker("ipc:///unused", home, catalogue.digest))
    planner = Planner(compute, store, catalogue, "")
    video, output = (await store.put_bytes(os.urandom(64)), await store.put_bytes(os.urandom(64)))
    for blob in (video, output):
        await database.blobs.record(blob.cid, blob.size, media_type="video/mp4", filename=None, owner="admin")
        await database.blobs.set_facts(blob.cid, FACTS)
    what = Planning(video.cid, recipe(count), {"video": video.cid}, {})
    made = await planner.plan(what, {"video": FACTS}, {})
    assert len(made.steps) == len(made.passes) == count
    rows = [
        ActionRow(cache_id=step.cache_id, output_cid=output.cid, kind="render", identity=step.identity)
        for step in made.steps
    ]
    await database.actions.put(rows)
    print(await planner.keep(made), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        started = time.perf_counter()
        made = await planner.plan(what, {"video": FACTS}, {})
        known = await compute.known([step.cache_id for step in made.steps])
        print(time.perf_counter() - started, flush=True)
        assert len(known) == count
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
