"""The daemon's socket for workers: a ROUTER in the event loop, drained in one go, without a task a message."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from artdagd.errors import ConfigError
from artdagd.workers.curve import ClusterKeys, KeyPair
from artdagd.workers.messages import MAX_BYTES

log = logging.getLogger(__name__)

OnMessage = Callable[[bytes, bytes], None]

TURN = 256
"""Messages that are read before others get their turn in the event loop."""

HIGH_WATER = 100
"""Messages that wait for one peer, each way. A worker has fewer under way unless it is broken."""

PING_MS = 5000
"""How often a TCP connection is tried, so that one that went without a word is noticed."""

DOMAIN = "artdagd.workers"


class Channel:
    """Calls ``on_message(peer, data)`` for every message of one frame; others are dropped, and so are its errors."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        # A second peer that claims a worker's identity must not get its jobs.
        self._socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
        self._socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        self._socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._authenticator: ThreadAuthenticator | None = None
        self._due: asyncio.Handle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.FD, self._read)

    def listen(self, address: str) -> None:
        """Serve ``ipc://FILE``; the file's folder must be the user's alone, and is made so. Raises ConfigError."""
        if not address.startswith("ipc://"):
            raise ConfigError(f"worker address {address} is not ipc://FILE", advice="Use ipc:///some/folder/file.")
        folder = Path(address.removeprefix("ipc://")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            shared = folder.stat().st_mode & 0o077
        except OSError as error:
            raise ConfigError(f"can't listen for workers in {folder}: {error.strerror}") from None
        if shared:
            raise ConfigError(f"others can enter {folder}, where workers connect", advice=f"chmod 700 {folder}")
        self._bind(address)

    def listen_far(self, address: str, keys: ClusterKeys) -> None:
        """Serve ``tcp://HOST:PORT`` for those who prove, by CURVE, that they know the cluster key. Call it last."""
        if not address.startswith("tcp://"):
            raise ConfigError(f"worker address {address} is not tcp://HOST:PORT", advice="Use tcp://127.0.0.1:8101.")
        self._authenticator = ThreadAuthenticator(self._context, log=log)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(DOMAIN, _Allowed(keys.worker))
        # A listener takes the options as they are when it is bound: the ipc one is not touched.
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
        self._socket.setsockopt_string(zmq.ZAP_DOMAIN, DOMAIN)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, keys.node.secret)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.node.public)
        self._socket.setsockopt(zmq.CURVE_SERVER, 1)
        self._bind(address)

    def send(self, peer: bytes, data: bytes) -> None:
        """To a peer that is gone or does not read, the message is lost: leases make up for that."""
        if self._socket.closed:
            return
        with contextlib.suppress(zmq.ZMQError):
            self._socket.send_multipart([peer, data], zmq.NOBLOCK)
        self._look_again()

    def close(self) -> None:
        """Nothing is read or sent any more; closing again is no error."""
        if self._socket.closed:
            return
        self._loop.remove_reader(self._socket.FD)
        if self._due:
            self._due.cancel()
        self._socket.close()
        if self._authenticator:
            self._authenticator.stop()
        self._context.term()

    def _bind(self, address: str) -> None:
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            raise ConfigError(f"can't listen for workers at {address}: {error}") from None
        self._look_again()

    def _look_again(self) -> None:
        # The socket's descriptor tells of news once, and any other use of the socket may take that word away.
        if self._due is None:
            self._due = self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._due = None
        for _ in range(TURN):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frames) != 2:
                continue
            try:
                self._on_message(frames[0], frames[1])
            except Exception:
                log.exception("a worker's message was dropped")
        self._look_again()


class _Allowed:
    """The allow-list: the one key that every worker of this cluster has."""

    def __init__(self, pair: KeyPair) -> None:
        self._public = pair.public

    def callback(self, domain: str, key: bytes) -> bool:
        return key == self._public
