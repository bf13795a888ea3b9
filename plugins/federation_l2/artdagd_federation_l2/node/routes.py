"""The node's actor and what it publishes, as others read them over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from artdagd.hooks import NodeAccess, WebRequest, WebResponse, WebRoute
from artdagd_federation_l2.node import documents
from artdagd_federation_l2.node.followers import PREFIX as FOLLOWER
from artdagd_federation_l2.node.followers import Followers
from artdagd_federation_l2.node.inbox import LIMIT, Inbox
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.node.publications import OUTBOX, Publications, name_of
from artdagd_federation_l2.node.queue import ACTIVITY
from artdagd_federation_l2.node.sending import ACTIVITY as MEDIA_TYPE

PAGE = 20
FOLLOWERS_PAGE = 100

PAGE_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>{body}</body></html>
"""

Handler = Callable[[WebRequest], Awaitable[WebResponse]]


class Readable:
    """Answers of the routes that read."""

    def __init__(self, node: NodeAccess, own: Own, followers: Followers) -> None:
        self._name: str = node.settings.name
        self._state = node.state
        self._own = own
        self._followers = followers
        self._publications = Publications(node.state)

    async def webfinger(self, request: WebRequest) -> WebResponse:
        addresses = self._own.addresses
        # Some ask for the name without its port.
        names = {addresses.host, addresses.host.rpartition(":")[0] or addresses.host}
        known = {addresses.actor, *(f"acct:node@{name}" for name in names)}
        asked = request.query.get("resource")
        if asked is None:
            return _refused(400, "webfinger needs ?resource=")
        if asked not in known and asked.lower() not in known:
            return _refused(404, "no such person here")
        found = _json(documents.webfinger(addresses), "application/jrd+json")
        return msgspec.structs.replace(found, headers={"Access-Control-Allow-Origin": "*"})

    async def actor(self, request: WebRequest) -> WebResponse:
        addresses = self._own.addresses
        if _is_browser(request):
            handle = escape(f"@node@{addresses.host}")
            return _page(self._name, f"<p>A node that renders art. Follow it from the fediverse as {handle}.</p>")
        key = await self._own.key()
        return _json(documents.actor(addresses, self._name, key.public_pem))

    async def object(self, request: WebRequest) -> WebResponse:
        key = request.parameters["work"]
        found = await self._publications.at(key)
        if found is None or len(key) > 200:
            return _refused(404, "no such work is published")
        if found.deleted or found.key != key:
            gone = documents.tombstone(self._own.addresses, key, "Object", found.deleted or found.published)
            return msgspec.structs.replace(_json({"@context": documents.STREAMS, **gone}), status=410)
        if _is_browser(request):
            page = await self._publications.page(name_of(key))
            headers = {"Location": page or found.page_url, "Vary": "Accept"}
            return WebResponse(status=303, media_type="text/plain", headers=headers)
        return _json({"@context": documents.CONTEXT, **found.object})

    async def provenance(self, request: WebRequest) -> WebResponse:
        key = request.parameters["work"]
        publication = await self._publications.at(key)
        found = await self._publications.provenance(key)
        if publication is None or publication.key != key or found is None:
            return _refused(404, "no such record is published")
        return _json(found, "application/json")

    async def activity(self, request: WebRequest) -> WebResponse:
        tail = request.parameters["activity"]
        found = await self._state.get(f"{ACTIVITY}{tail}") if len(tail) <= 200 else None
        return _refused(404, "no such activity") if found is None else _json(found)

    async def outbox(self, request: WebRequest) -> WebResponse:
        address = self._own.addresses.outbox
        if "page" not in request.query:
            return _json(documents.collection(address, await self._state.count(OUTBOX)))
        after = _cursor(request, OUTBOX)
        rows = await self._state.items(OUTBOX, after=after, limit=PAGE, newest=True)
        found = [await self._state.get(f"{ACTIVITY}{tail}") for _, tail in rows]
        items = [one for one in found if one is not None]
        return _paged(request, address, items, rows[-1][0].removeprefix(OUTBOX) if len(rows) == PAGE else None)

    async def followers(self, request: WebRequest) -> WebResponse:
        address = self._own.addresses.followers
        if "page" not in request.query:
            return _json(documents.collection(address, await self._followers.count()))
        rows = await self._followers.page(_cursor(request, FOLLOWER), FOLLOWERS_PAGE)
        following = rows[-1][0].removeprefix(FOLLOWER) if len(rows) == FOLLOWERS_PAGE else None
        return _paged(request, address, [one.actor for _, one in rows], following)


def routes(readable: Readable, inbox: Inbox) -> tuple[WebRoute, ...]:
    """All of them. They are open to everybody; the inbox asks for a signature."""

    def route(path: str, summary: str, handler: Handler, gives: str = MEDIA_TYPE) -> WebRoute:
        method: Literal["GET"] = "GET"
        return WebRoute(method=method, path=path, summary=summary, handler=handler, scope=None, gives=gives)

    return (
        route(
            "/.well-known/webfinger", "Find the node's actor by its name", readable.webfinger, "application/jrd+json"
        ),
        route("/ap/actor", "Show the node's actor", readable.actor),
        route("/ap/outbox", "List what the node published", readable.outbox),
        route("/ap/followers", "List who follows the node", readable.followers),
        route("/ap/objects/{work}", "Show a published work", readable.object),
        route("/ap/objects/{work}/provenance", "Show how a work was made", readable.provenance, "application/json"),
        route("/ap/activities/{activity}", "Show an activity of the node", readable.activity),
        WebRoute(
            method="POST",
            path="/ap/inbox",
            summary="Send an activity to the node, signed",
            handler=inbox.take,
            scope=None,
            takes=(MEDIA_TYPE, "application/ld+json", "application/json"),
            limit=LIMIT,
        ),
    )


def _cursor(request: WebRequest, prefix: str) -> str:
    after = request.query.get("after", "")[:200]
    return f"{prefix}{after}" if after else ""


def _paged(request: WebRequest, address: str, items: list[Any], following: str | None) -> WebResponse:
    this = f"{address}?page=true"
    if after := request.query.get("after", "")[:200]:
        this += f"&after={quote(after, safe='')}"
    further = following and f"{address}?page=true&after={quote(following, safe='')}"
    return _json(documents.page(address, this, items, further))


def _is_browser(request: WebRequest) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted


def _json(document: Any, media_type: str = MEDIA_TYPE) -> WebResponse:
    return WebResponse(body=msgspec.json.encode(document), media_type=media_type, headers={"Vary": "Accept"})


def _page(title: str, body: str) -> WebResponse:
    text = PAGE_HTML.format(title=escape(title), body=body)
    return WebResponse(body=text.encode(), media_type="text/html; charset=utf-8", headers={"Vary": "Accept"})


def _refused(status: int, detail: str) -> WebResponse:
    body = msgspec.json.encode({"type": "about:blank", "status": status, "detail": detail})
    return WebResponse(status=status, body=body, media_type="application/problem+json")
