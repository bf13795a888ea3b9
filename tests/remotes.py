"""Other servers, on loopback: scripted, with TLS by an authority of their own; and a canary that no one may call."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Remote:
    """A server that does what its script says, once a connection."""

    def __init__(self, script: Script | bytes) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                if callable(self._script):
                    await self._script(reader, writer)
                else:
                    self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                    writer.write(self._script)
                    await writer.drain()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def remote(script: Script | bytes, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Remote]:
    """Runs on a free port of 127.0.0.1."""
    server = Remote(script)
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server.stop()


class Canary:
    """Listens on loopback, IPv4 and IPv6, on one port. Whoever connects is counted, and gets no answer."""

    def __init__(self) -> None:
        self._listening = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._listening[0].getsockname()[1]
        if socket.has_ipv6:
            with suppress(OSError):
                self._listening.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for one in self._listening:
            one.setblocking(False)
        self._held: list[socket.socket] = []

    @property
    def hits(self) -> int:
        for one in self._listening:
            with suppress(BlockingIOError):
                while True:
                    self._held.append(one.accept()[0])
        return len(self._held)

    def close(self) -> None:
        for one in (*self._listening, *self._held):
            one.close()


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(_pem(self._signed(self._name, self._key, None, days=1)))

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client trusts who trusts this authority alone."""
        return ssl.create_default_context(cafile=self.file)

    def server(self, *names: str, days: int = 1) -> ssl.SSLContext:
        """What a server of these names and addresses shows; ``days`` below 0 have passed."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
        file = self._folder / f"{len(list(self._folder.iterdir()))}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + _pem(self._signed(subject, key, names, days=days))
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, names: Sequence[str] | None, *, days: int
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        )
        if names is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
