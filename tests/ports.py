"""Ports for servers that have to know theirs before they listen."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has. Below those that the kernel gives to connections and to who asks for any
    (Linux: from 32768 on): another test could come by it, otherwise, before it is listened on."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
