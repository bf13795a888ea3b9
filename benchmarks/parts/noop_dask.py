"""No-op steps through Dask distributed with two worker processes. See ``noop_artdagd`` for the questions.

A chain is a graph of dependent tasks, which Dask is given whole. Results stay in the workers' memory.
"""

from __future__ import annotations

import time

import dask
from distributed import Client, LocalCluster

from benchmarks.processes import answer_questions


def nothing(before: object) -> dict[str, int]:
    return {"nothing": 0}


def answer(client: Client, question: str) -> float:
    kind, number = question.split()
    started = time.perf_counter()
    if kind == "steps":
        client.gather(client.map(nothing, range(int(number)), pure=False))
    else:
        future = None
        for _ in range(int(number)):
            future = client.submit(nothing, future, pure=False)
        future.result()
    return time.perf_counter() - started


if __name__ == "__main__":
    dask.config.set({"distributed.worker.daemon": True})
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        answer_questions(lambda question: answer(client, question))
