"""Decode and filter in one thread while another encodes: FFmpeg's work runs without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

from artdagd.render.wanted import asking, still_wanted

Item = TypeVar("Item")

DEPTH = 4
"""Frames that may wait for the encoder."""

POLL = 0.1
"""Seconds after which a waiting reader looks whether it is still wanted."""


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items in the same order, made a few ahead of the reader. What ``items`` raises is raised here.

    Close the generator to end the reading early: it returns when the thread has ended, which ``still_wanted`` hastens.
    """
    queue: Queue[Item | _End] = Queue(DEPTH)
    unwanted = Event()
    thread = Thread(target=_read, args=(items, queue, unwanted), name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := _taken(queue), _End):
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


def _read(items: Iterator[Item], queue: Queue[Item | _End], unwanted: Event) -> None:
    def check() -> None:
        if unwanted.is_set():
            raise _Unwanted

    error: BaseException | None = None
    try:
        with asking(check):
            for item in items:
                if not _offered(item, queue, unwanted):
                    break
    except BaseException as raised:  # it is raised again where the items are used
        error = raised
    _offered(_End(error), queue, unwanted)


def _offered(item: Item | _End, queue: Queue[Item | _End], unwanted: Event) -> bool:
    """Whether the item was put into the queue before it became unwanted."""
    while not unwanted.is_set():
        try:
            queue.put(item, timeout=POLL)
        except Full:
            continue
        return True
    return False


def _taken(queue: Queue[Item | _End]) -> Item | _End:
    while True:
        try:
            return queue.get(timeout=POLL)
        except Empty:
            still_wanted()


class _Unwanted(BaseException):
    """Nobody reads any more. Not an Exception, so that no one on the way takes it for a fault of the media."""


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error
