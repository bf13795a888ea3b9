"""Publishing a work, and taking it back."""

from __future__ import annotations

from artdagd.api.calls import Call
from artdagd.api.routes import FORM, Section
from artdagd.errors import Conflict, NotFound, Unavailable
from artdagd.hooks import Published
from artdagd.runs.publishing import PublicationView

section = Section("Publishing", "Works and their provenance, told to the registry and whoever follows this node.")


@section.route(
    "POST",
    "/cache/{cid}/publish",
    "Publish a work",
    scope="publish",
    errors=(NotFound, Conflict, Unavailable),
    form="/cache/{cid}?told=0",
)
async def publish_blob(call: Call, cid: str) -> Published:
    """Queued durably when this answers; `GET` tells how far it got. Its bytes are open to everybody from now on.

    Again: tells what has changed of its description, and nothing otherwise. 409 where no registry is configured.
    """
    return await call.services.publishing.publish(cid, call.who)


@section.route("GET", "/cache/{cid}/publish", "Show a publication", errors=(NotFound, Unavailable))
async def show_publication(call: Call, cid: str) -> PublicationView:
    return await call.services.publishing.show(cid, call.who)


@section.route(
    "DELETE",
    "/cache/{cid}/publish",
    "Withdraw a publication",
    status=204,
    scope="publish",
    errors=(NotFound, Unavailable),
)
async def withdraw_blob(call: Call, cid: str) -> None:
    """Those who were told are told to forget it; the bytes are the owner's alone again."""
    await call.services.publishing.withdraw(cid, call.who)


@section.route(
    "POST",
    "/cache/{cid}/publish/delete",
    "Withdraw a publication, from a form",
    status=303,
    scope="publish",
    takes=(FORM,),
    form="/cache/{cid}?told=0",
    errors=(NotFound, Unavailable),
)
async def withdraw_blob_form(call: Call, cid: str) -> None:
    await withdraw_blob(call, cid)
