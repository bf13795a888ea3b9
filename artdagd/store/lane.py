"""A thread of its own for work that may hang: a dead network disk then holds up nothing but itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """Does jobs one after the other, each within a deadline, until :meth:`close`.

    The threads that asyncio shares are few, and waited for at the end of the process; this one is neither.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether the thread is there: it may be long after :meth:`close`, if its last job hangs."""
        return self._thread.is_alive()

    async def do(self, job: Callable[[], T], seconds: float) -> T:
        """What ``job`` returns or raises; TimeoutError after ``seconds``, while the job goes on."""
        done: Future[T] = Future()
        self._jobs.put((job, done))
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(done)

    def close(self, last: Callable[[], None]) -> None:
        """Do ``last`` once all is done that was begun, and end. Returns at once."""
        self._jobs.put((last, Future()))
        self._jobs.put(None)

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(job())
            except BaseException as error:
                done.set_exception(error)
            del item, job, done
