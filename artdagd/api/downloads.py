"""``/download/client``: the one-file client, as a copy that knows which node it came from."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from pathlib import Path

from quart import Response
from werkzeug.http import parse_etags

import artdagd.web
from artdagd.api.calls import Call
from artdagd.api.routes import Section

section = Section("Client", "A program that talks to this node.")

CLIENT = Path(artdagd.web.__file__).parent / "client" / "artdag.py"
NODE = '\nNODE = ""\n'
"""The client's line for the node's address."""

_ADDRESS = re.compile(
    r"https?://([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?(/[\w.~-]+)*", re.ASCII | re.IGNORECASE
)


@section.route(
    "GET",
    "/download/client",
    "Download a client",
    scope=None,
    gives="text/x-python",
    headers=("If-None-Match",),
)
async def download_client(call: Call) -> Response:
    """`artdag.py`: runs with Python 3.11 or later alone, and talks to this node unless told otherwise."""
    text = client_for(call.address)
    tag = hashlib.sha256(text).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if parse_etags(call.request.headers.get("If-None-Match")).contains_weak(tag):
        return Response(None, 304, headers)
    headers["Content-Disposition"] = 'attachment; filename="artdag.py"'
    return Response(text, 200, headers, content_type="text/x-python; charset=utf-8")


def client_for(address: str) -> bytes:
    """The client with ``address`` as its node; what is not plainly an address is left out, for it becomes code."""
    address = address.rstrip("/")
    if not _ADDRESS.fullmatch(address):
        return _source().encode()
    return _source().replace(NODE, f"\nNODE = {json.dumps(address)}\n", 1).encode()


@functools.cache
def _source() -> str:
    return CLIENT.read_text()
