"""An HTTP client that costs next to nothing: the figure is the server's, not the client's."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import Broken

BUFFER = 1 << 20


def download(port: int, path: str, headers: Mapping[str, str]) -> tuple[float, int]:
    """GET ``path``: (seconds, bytes of the body). Raises Broken unless it is a 200."""
    started = time.perf_counter()
    with _sent(port, "GET", path, headers) as connection:
        head, got = _head(connection)
        length = int(_field(head, b"content-length"))
        buffer = memoryview(bytearray(BUFFER))
        while got < length and (count := connection.recv_into(buffer)):
            got += count
    if got != length:
        raise Broken(f"GET {path}: {got} bytes of {length}")
    return time.perf_counter() - started, got


def upload(port: int, path: str, headers: Mapping[str, str], file: Path) -> float:
    """POST ``file`` as the field ``file`` of a form: seconds until the answer is here."""
    boundary = "artdagd-benchmark"
    begin = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    size = file.stat().st_size
    fields = {
        **headers,
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(begin) + size + len(end)),
    }
    started = time.perf_counter()
    with _sent(port, "POST", path, fields) as connection, file.open("rb") as source:
        connection.sendall(begin)
        sent = 0
        while sent < size:
            sent += os.sendfile(connection.fileno(), source.fileno(), sent, size - sent)
        connection.sendall(end)
        _head(connection)
        return time.perf_counter() - started


def _sent(port: int, method: str, path: str, headers: Mapping[str, str]) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    # Blocking in the kernel: a timeout in Python makes the socket non-blocking, and sendfile fail.
    connection.setblocking(True)
    fields = {"Host": f"127.0.0.1:{port}", "Connection": "close", **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode())
    return connection


def _head(connection: socket.socket) -> tuple[bytes, int]:
    """The head of the answer, and how many bytes of its body came with it."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(65536)
        if not more:
            raise Broken(f"the server closed the connection after {head[:200]!r}")
        head += more
    head, _, rest = head.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] not in (b"200", b"201"):
        raise Broken(f"the server answered {head[:200]!r} {rest[:500]!r}")
    return head, len(rest)


def _field(head: bytes, name: bytes) -> bytes:
    return next(line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(name + b":"))
