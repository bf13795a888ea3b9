"""No-op steps through Celery: the app that workers load, and the client that asks. See ``noop_artdagd`` for questions.

The broker's address comes in REDIS_PORT. Results go to Redis, which keeps them in memory.
"""

from __future__ import annotations

import os
import time

from celery import Celery

from benchmarks.processes import answer_questions

URL = f"redis://127.0.0.1:{os.environ.get('REDIS_PORT', '6379')}"
app = Celery("noop", broker=f"{URL}/0", backend=f"{URL}/1")


@app.task(name="nothing")
def nothing() -> dict[str, int]:
    return {"nothing": 0}


def answer(question: str) -> float:
    kind, number = question.split()
    started = time.perf_counter()
    if kind == "steps":
        for result in [nothing.delay() for _ in range(int(number))]:
            result.get(timeout=60)
    else:
        for _ in range(int(number)):
            nothing.delay().get(timeout=60)
    return time.perf_counter() - started


if __name__ == "__main__":
    answer_questions(answer)
