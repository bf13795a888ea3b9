"""A file that nobody has a reason to touch, and an address that nobody has a reason to call."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRET = "canary-8c51d0a7"
"""What the file holds. It must never be seen elsewhere."""

IN_ALL_EVENTS = 0xFFF
EVENT = struct.Struct("iIII")


class Canary:
    """``folder`` holds a file ``canary``; ``address`` is host:port, where a socket listens."""

    def __init__(self, folder: Path, watch: int, listening: socket.socket) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self._watch = watch
        self._listening = listening

    def touched(self) -> list[str]:
        """What happened since the last call: names of files that any process opened or made, and calls."""
        found = []
        while data := self._events():
            while data:
                _, mask, _, length = EVENT.unpack_from(data)
                name = data[EVENT.size : EVENT.size + length].rstrip(b"\0").decode()
                found.append(f"{name or 'the folder'}: {mask:#x}")
                data = data[EVENT.size + length :]
        while True:
            try:
                connection, _ = self._listening.accept()
            except BlockingIOError:
                return found
            connection.close()
            found.append("a call")

    def _events(self) -> bytes:
        try:
            return os.read(self._watch, 1 << 16)
        except BlockingIOError:
            return b""


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """Watch a new ``folder`` by inotify(7), which sees what every process does."""
    folder.mkdir()
    (folder / "canary").write_text(SECRET)
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert watch >= 0, os.strerror(ctypes.get_errno())
    try:
        assert libc.inotify_add_watch(watch, bytes(folder), IN_ALL_EVENTS) >= 0, os.strerror(ctypes.get_errno())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            yield Canary(folder, watch, listening)
    finally:
        os.close(watch)
