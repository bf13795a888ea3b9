"""The HTTP listener: Hypercorn, on a socket that we open, so that port 0 can be told."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from hypercorn.config import Config

from artdagd.api.app import App
from artdagd.api.connections import Connections
from artdagd.errors import ConfigError

BACKLOG = 512
ACCEPTED = 16
"""Connections that are accepted before the first of them is looked at."""

DRAIN = 3.0
"""Seconds that answers in flight get when the listener closes."""

IDLE = 5.0
"""Seconds that a client may take for a request's headers, and between an answer and the next request."""

STALL_MS = 60_000
"""Milliseconds that sent bytes may stay unacknowledged, or a full receiver may take none, before the kernel ends
the connection (TCP_USER_TIMEOUT): a reader that stops reading can't hold an answer for ever."""


class Listener:
    """Serves ``app`` on ``host:port`` from :meth:`start` until :meth:`close`."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self.connections = Connections(app, _config())
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen, and give the address: ``http://host:port`` with the port that was bound.

        Raises ConfigError if the address can't be used.
        """
        bound = _bind(self._host, self._port)
        host, port = bound.getsockname()[:2]
        await self._app.startup()
        self._server = await asyncio.start_server(self.connections.meet, sock=bound, backlog=ACCEPTED)
        bound.listen(BACKLOG)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def drain(self) -> None:
        """End event streams, and answer what is asked from now on with 503."""
        self._app.draining.set()

    async def close(self) -> None:
        """Accept no more, end event streams, let answers in flight finish for ``DRAIN`` seconds, then cut them."""
        server, self._server = self._server, None
        if server is None:
            return
        self.drain()
        server.close()
        await self.connections.close(DRAIN)
        await self._app.shutdown()


def _config() -> Config:
    config = Config()
    config.include_server_header = False
    config.keep_alive_timeout = IDLE
    # When Hypercorn 0.18 ends a connection on which the next request waits already, its task is never finished.
    config.keep_alive_max_requests = sys.maxsize
    config.errorlog = logging.getLogger("artdagd.api.hypercorn")
    return config


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_MS)
            bound.bind(address)
            # Listening before the server runs: whoever reads the address may connect at once.
            bound.listen(BACKLOG)
        except BaseException:
            bound.close()
            raise
    except OSError as error:
        raise ConfigError(
            f"can't listen on {host}:{port}: {error.strerror}",
            advice="Stop what listens there, or set HOST and PORT to a free local address; port 0 takes any.",
        ) from None
    return bound
