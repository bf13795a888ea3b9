"""The cache: media that users bring, and results."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from quart import Response

from artdagd.api import files
from artdagd.api.calls import Call
from artdagd.api.problems import fitted
from artdagd.api.requests import ImportQuery, MediaQuery, Meta, MetaForm, Uploaded
from artdagd.api.routes import FORM, MULTIPART, Page, Section
from artdagd.api.uploads import OVERHEAD, clean
from artdagd.api.views import media
from artdagd.errors import (
    BlobCorrupt,
    Conflict,
    NotFound,
    StorageFull,
    TooBusy,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from artdagd.runs import views
from artdagd.runs.views import Entry, MetaChanges, Received

T = TypeVar("T")

section = Section("Cache", "Media and results, named by the CID of their bytes.")


@section.route(
    "POST",
    "/cache/upload",
    "Upload a file",
    status=201,
    scope="write",
    takes=(MULTIPART,),
    form="/cache/{cid}",
    file=lambda settings: settings.max_upload_bytes,
    errors=(TooLarge, UnsupportedMedia, TooBusy, Unavailable, StorageFull),
)
async def upload_blob(call: Call) -> Uploaded:
    """The form's field `file` is stored and hashed while it arrives, and is durable when this answers."""
    if call.upload is None:
        raise UnsupportedMedia("an upload is a multipart/form-data request", advice="curl -F file=@FILE ADDRESS")
    call.hold(call.app.uploads)
    coming = max(0, (call.request.content_length or 0) - OVERHEAD)
    return _uploaded(
        await call.services.library.receive(
            call.upload.chunks(), filename=call.upload.filename, who=call.who, coming=coming
        )
    )


@section.route(
    "POST",
    "/cache/import",
    "Import a file of the node's machine",
    status=201,
    scope="write",
    errors=(NotFound, Conflict, TooLarge, TooBusy, Unavailable, StorageFull),
)
async def import_blob(call: Call, query: ImportQuery) -> Uploaded:
    """A regular file under one of the folders that the operator set as ``import_roots`` is copied and hashed.

    All else is 403: what lies elsewhere, symbolic links and what lies behind them, files with several names, devices.
    A file that changes while it is read is 409.
    """
    name = clean(query.path)
    return _uploaded(await call.services.library.bring(query.path, filename=name, who=call.who))


@section.route("GET", "/media", "List media", page=Page("media.html", media.gallery))
async def list_media(call: Call, query: MediaQuery) -> views.Page[Entry]:
    return await call.services.library.list(
        call.who, kind=query.kind, q=query.q, order=query.sort, page=query.page, limit=query.limit
    )


@section.route(
    "GET",
    "/cache/{cid}",
    "Show what is known about a blob",
    otherwise="published",
    errors=(NotFound,),
    page=Page("blob.html", media.medium),
)
async def show_blob(call: Call, cid: str) -> Entry:
    """Of a published one, everybody is told all but its `metadata` and where it is."""
    return await _published_or_own(call, call.services.library.entry(cid, call.caller))


@section.route(
    "GET",
    "/cache/{cid}/raw",
    "Download a blob",
    gives="*/*",
    otherwise="published",
    errors=(NotFound, BlobCorrupt),
    headers=("Range", "If-Range", "If-None-Match"),
)
async def download_blob(call: Call, cid: str) -> Response:
    """The bytes. One range (206, or 416 outside the blob), the CID as ETag (304), cacheable for ever.

    Media that browsers show come inline, all else as an attachment, and nothing of it runs as a page.
    """
    blob = await _published_or_own(call, call.services.library.open(cid, call.caller))
    return await files.content(call.request, blob)


@section.route("GET", "/cache/{cid}/meta", "Show a blob's description", errors=(NotFound,))
async def show_meta(call: Call, cid: str) -> Meta:
    return _meta(await call.services.library.entry(cid, call.who))


@section.route("PATCH", "/cache/{cid}/meta", "Describe a blob", scope="write", errors=(NotFound,))
async def update_meta(call: Call, cid: str, body: MetaChanges) -> Meta:
    """Fields that are absent stay."""
    return _meta(await call.services.library.update_meta(cid, call.who, body))


@section.route("DELETE", "/cache/{cid}", "Delete a blob", status=204, scope="write", errors=(NotFound, Conflict))
async def delete_blob(call: Call, cid: str) -> None:
    """Refused while a run, pin or publication needs it."""
    await call.services.library.delete(cid, call.who)


@section.route(
    "POST",
    "/cache/{cid}/meta",
    "Describe a blob, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/cache/{cid}",
    errors=(NotFound,),
)
async def update_meta_form(call: Call, cid: str, body: MetaForm) -> None:
    """Title, description and tags are then as the form has them; an empty field empties them."""
    tags = [tag for tag in map(str.strip, body.tags.split(",")) if tag]
    changes = {"title": body.title, "description": body.description, "tags": list(dict.fromkeys(tags))}
    await call.services.library.update_meta(cid, call.who, fitted(changes, MetaChanges, "form"))


@section.route(
    "POST",
    "/cache/{cid}/delete",
    "Delete a blob, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/media",
    errors=(NotFound, Conflict),
)
async def delete_blob_form(call: Call, cid: str) -> None:
    await delete_blob(call, cid)


def _uploaded(received: Received) -> Uploaded:
    entry = received.entry
    return Uploaded(entry.cid, entry.size, entry.media_type, entry.filename, received.existed, received.ipfs_cid)


async def _published_or_own(call: Call, asked: Awaitable[T]) -> T:
    """What was asked for. Nobody is told what is here: who shows no credential has to, unless it is published."""
    try:
        return await asked
    except NotFound:
        if call.caller is None:
            raise call.nobody from None
        raise


def _meta(entry: Entry) -> Meta:
    return Meta(entry.title, entry.description, entry.tags, entry.metadata, entry.pinned)
