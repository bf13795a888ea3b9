"""IPFS: where a gateway has a CID, and the bytes that it names."""

from __future__ import annotations

from quart import Response

from artdagd.api import files
from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.cid import CID
from artdagd.errors import (
    BlobCorrupt,
    Forbidden,
    InvalidRequest,
    NotFound,
    StorageFull,
    TooBusy,
    TooLarge,
    Unavailable,
)

section = Section("IPFS", "Content by its CID, on IPFS and here.")


@section.route("GET", "/ipfs/{cid}", "Go to an IPFS gateway", status=302, errors=(NotFound,))
async def ipfs_gateway(call: Call, cid: str) -> Response:
    """To `IPFS_GATEWAY_URL`, whether the content is there or not."""
    try:
        named = CID.parse(cid)
    except ValueError as error:
        raise NotFound(str(error)) from None
    return Response(None, 302, {"Location": f"{call.services.settings.ipfs_gateway_url.rstrip('/')}/{named}"})


@section.route(
    "GET",
    "/ipfs/{cid}/raw",
    "Download by CID",
    gives="*/*",
    errors=(InvalidRequest, Forbidden, NotFound, TooLarge, TooBusy, BlobCorrupt, Unavailable, StorageFull),
    headers=("Range", "If-Range", "If-None-Match"),
)
async def ipfs_raw(call: Call, cid: str) -> Response:
    """The bytes, verified against the CID. Where IPFS is on, what is not here is fetched, from the IPFS node or the
    gateway, block by block, and becomes a medium of yours: `Qm…` and files in any layout, no directories."""
    blob = await call.services.fetching.open(cid, call.who, lambda: call.app.guard.check_own(call.request))
    return await files.content(call.request, blob)
