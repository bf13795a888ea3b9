"""The HTTP listener: Hypercorn, on a socket that we open, so that port 0 can be told."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from artdagd_federation_l2.registry.errors import Refused

BACKLOG = 256
DRAIN = 2.0


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises Refused."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(BACKLOG)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise Refused(500, f"can't listen on {host}:{port}: {error.strerror}; port 0 takes any") from None
    return made


def address(listening: socket.socket) -> str:
    """``http://host:port`` of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def listen(app: Quart, listening: socket.socket, closing: asyncio.Event) -> None:
    """Serve ``app`` until ``closing`` is set; answers in flight get ``DRAIN`` seconds."""
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.include_server_header = False
    config.backlog = BACKLOG
    config.graceful_timeout = DRAIN
    config.keep_alive_timeout = 5.0
    # When Hypercorn 0.18 ends a connection on which the next request waits already, its task is never finished.
    config.keep_alive_max_requests = sys.maxsize
    config.errorlog = logging.getLogger("artdag.registry.hypercorn")
    await serve(app, config, shutdown_trigger=closing.wait)
