"""The worker's socket to the node: it connects, says hello until it is welcome, and never waits to send."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator

import msgspec
import zmq

from artdagd.errors import ConfigError
from artdagd.workers import messages
from artdagd.workers.curve import ClusterKeys

RETRY = (0.5, 1.0, 2.0, 5.0)
"""Seconds from hello to hello while nobody answers. Each is said from a new socket with an identity of its own."""


class Link:
    """``welcome`` is set while the node knows us. Raises ConfigError for an address that can't be used."""

    def __init__(self, address: str, name: str, catalogue: str, sandbox: str = "") -> None:
        self.welcome: messages.Welcome | None = None
        self.heard = time.monotonic()
        self._address = address
        self._hello = messages.Hello(
            version=messages.VERSION,
            name=name[:128],
            pid=os.getpid(),
            host=socket.gethostname()[:128],
            catalogue=catalogue,
            instance=os.environ.get("ARTDAGD_INSTANCE") or secrets.token_hex(16),
            sandbox=sandbox,
        )
        self._keys = ClusterKeys.of(os.environ.get("ARTDAG_CLUSTER_KEY", "")) if address.startswith("tcp://") else None
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._tried = 0
        self._connect()

    @property
    def pause(self) -> float:
        """Seconds until the next heartbeat or hello is due, after the one before."""
        return self.welcome.heartbeat if self.welcome else RETRY[min(self._tried, len(RETRY)) - 1]

    def watch(self, descriptor: int) -> None:
        """Let :meth:`wait` end when there is something to read from ``descriptor``, too."""
        self._poller.register(descriptor, zmq.POLLIN)

    def wait(self, seconds: float) -> None:
        """Until a message is there, or a watched descriptor, or the time is over."""
        self._poller.poll(max(0, round(seconds * 1000)))

    def received(self) -> Iterator[messages.FromDaemon]:
        with contextlib.suppress(zmq.Again):
            while True:
                data = self._socket.recv(zmq.NOBLOCK)
                self.heard = time.monotonic()
                yield messages.decode_from_daemon(data)

    def hello(self) -> None:
        """Say who we are: at first, when nobody answered, and when the node asks for it."""
        self.welcome = None
        if self._tried:
            self._poller.unregister(self._socket)
            self._socket.close(0)
            self._connect()
        self._tried += 1
        self.send(messages.encode(self._hello))

    def answer(self, seen: str) -> None:
        """Say hello again, to the one who asked what we see."""
        self.send(messages.encode(msgspec.structs.replace(self._hello, seen=seen)))

    def welcomed(self, welcome: messages.Welcome) -> None:
        self.welcome = welcome
        self._tried = 1

    def send(self, data: bytes) -> None:
        """While there is no connection, the message is lost: what is said later makes up for it."""
        with contextlib.suppress(zmq.Again):
            self._socket.send(data, zmq.NOBLOCK)

    def close(self) -> None:
        """What was sent last has 200 ms to leave."""
        self._context.destroy(linger=200)

    def _connect(self) -> None:
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, secrets.token_hex(16).encode())
        self._socket.setsockopt(zmq.MAXMSGSIZE, messages.MAX_WORK_BYTES)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 5000)
        if self._keys:
            self._socket.setsockopt(zmq.CURVE_SERVERKEY, self._keys.node.public)
            self._socket.setsockopt(zmq.CURVE_PUBLICKEY, self._keys.worker.public)
            self._socket.setsockopt(zmq.CURVE_SECRETKEY, self._keys.worker.secret)
        try:
            self._socket.connect(self._address)
        except zmq.ZMQError as error:
            raise ConfigError(f"can't connect to {self._address}: {error}", advice="Use ipc:///… or tcp://…") from None
        self._poller.register(self._socket, zmq.POLLIN)
