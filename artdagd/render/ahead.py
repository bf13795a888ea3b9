"""Decode and filter in one thread while another encodes: FFmpeg's work runs without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

DEPTH = 4
"""Frames that may wait for the encoder."""

POLL = 0.1
"""Seconds after which a waiting reader looks whether it is still wanted."""


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items in the same order, made a few ahead of the reader. What ``items`` raises is raised here.

    Close the generator to end the reading early: it returns when the thread has ended.
    """
    queue: Queue[Item | _End] = Queue(DEPTH)
    unwanted = Event()

    def offer(item: Item | _End) -> bool:
        while not unwanted.is_set():
            try:
                queue.put(item, timeout=POLL)
            except Full:
                continue
            return True
        return False

    def read() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not offer(item):
                    break
        except BaseException as raised:  # it is raised again where the items are used
            error = raised
        offer(_End(error))

    thread = Thread(target=read, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        while thread.is_alive():
            try:
                queue.get_nowait()
            except Empty:
                thread.join(POLL)


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error
