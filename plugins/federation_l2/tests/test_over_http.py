"""Signed requests over a real connection: what httpx sends is what we signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import get_args

import httpx
import pytest
from artdagd_federation_l2.signatures import Request, Scheme, SignatureRefused, signed_headers
from signed import BODY, KEY_ID, accept, rsa_key

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


class Server(HTTPServer):
    """Answers 204 and keeps the last request as it came."""

    last: Request

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.last = Request(self.command, self.path, tuple(self.headers.items()), body, "http")
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = handle_one

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/users/a%C3%A9%2Fb/inbox", BODY), ("GET", "/outbox?page=1&of=%20%3F&x=a+b", b""), ("GET", "", b"")],
)
async def test_what_httpx_sends_is_accepted(
    server: Server, scheme: Scheme, method: str, path: str, body: bytes
) -> None:
    url = f"http://{server.authority}{path}"
    headers = signed_headers(method, url, body, rsa_key(), scheme=scheme, now=time.time())
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.request(
            method, url, content=body, headers={**headers, "Content-Type": "application/activity+json"}
        )
    who = await accept(server.last, now=time.time(), authority=server.authority)
    assert who.key_id == KEY_ID
    with pytest.raises(SignatureRefused):
        await accept(server.last, now=time.time(), authority=f"127.0.0.1:{server.server_port ^ 1}")
