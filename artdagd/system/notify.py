"""The service manager is told how the node is, by the protocol of sd_notify(3): datagrams of ``NAME=value`` lines."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """Whoever started this process and listens at ``NOTIFY_SOCKET``; without it, nothing is said.

    ``watchdog`` is the time in seconds after which it ends a process that was silent (``WATCHDOG_USEC``); None if it
    does not. The variables are taken out of ``environ``: a child must not speak for us.
    """

    def __init__(self, environ: dict[str, str] | os._Environ[str] | None = None) -> None:
        found = os.environ if environ is None else environ
        self.watchdog = _watchdog(found)
        self._address = found.pop("NOTIFY_SOCKET", "")
        found.pop("WATCHDOG_USEC", None)
        found.pop("WATCHDOG_PID", None)

    def ready(self, status: str) -> None:
        """Work is accepted."""
        self._say("READY=1", f"STATUS={status}")

    def stopping(self, status: str) -> None:
        """The process was told to stop, and does."""
        self._say("STOPPING=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """A line for ``systemctl status``."""
        self._say(f"STATUS={status}")

    def alive(self) -> None:
        """Keep the watchdog quiet for another ``watchdog`` seconds."""
        self._say("WATCHDOG=1")

    def _say(self, *lines: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        message = "\n".join(line.replace("\n", " ") for line in lines)
        # A manager that does not listen is no reason to fail, nor one that is slow to wait.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
        ):
            out.setblocking(False)
            out.sendto(message.encode(), address)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdigit() or int(text) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(text) / 1e6
