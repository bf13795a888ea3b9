"""Files of workers that don't see the node's folder: inputs go out, results come in. By their tickets alone."""

from __future__ import annotations

from quart import Response

from artdagd.api import files
from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.errors import BlobCorrupt, Conflict, Forbidden, NotFound, StorageFull, Unauthorized
from artdagd.runs.views import Content

section = Section("Transfers", "Between a node and workers elsewhere. No token of a user opens these.")


@section.route(
    "GET",
    "/worker/blob/{cid}",
    "Send a worker its input",
    scope=None,
    ticket=True,
    gives="application/octet-stream",
    errors=(Unauthorized, Forbidden, NotFound, BlobCorrupt),
    headers=("Range", "If-Range", "If-None-Match"),
)
async def send_input(call: Call, cid: str) -> Response:
    """The bytes of an input of the lease that the ticket is of, as long as that holds."""
    path, size = call.services.exchange.input(_ticket(call), cid)
    return await files.content(call.request, Content(cid, path, size, "application/octet-stream", None))


@section.route(
    "PUT",
    "/worker/result",
    "Take a worker's result",
    status=204,
    scope=None,
    ticket=True,
    takes=("application/octet-stream",),
    errors=(Unauthorized, Forbidden, Conflict, StorageFull),
    headers=("Content-Digest",),
)
async def take_result(call: Call) -> None:
    """The result of the lease that the ticket is of: bytes of the length and SHA-256 that the ticket is for."""
    digest, size = call.request.headers.get("Content-Digest", ""), call.request.content_length
    await call.services.exchange.receive(_ticket(call), digest, -1 if size is None else size, call.chunks)


def _ticket(call: Call) -> str:
    """Raises Forbidden for a browser: whatever it shows, no page has to do with this."""
    if any(name in call.request.headers for name in ("Origin", "Sec-Fetch-Site", "Cookie")):
        raise Forbidden("this is for workers, and not for a page in a browser")
    return call.request.headers.get("Authorization", "")
