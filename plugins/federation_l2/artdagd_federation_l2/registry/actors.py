"""The registry and its people as other servers see them: actors, WebFinger (RFC 7033), outboxes (ActivityPub, 5.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from quart import Blueprint, Response, request

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.people import RESERVED, Person
from artdagd_federation_l2.registry.rendering import page, wants_page
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.works import PAGE, PublishedWork
from artdagd_federation_l2.signatures import PublicKey, public_pem

CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PAGES_MAX = 10_000


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("actors", __name__)
    url = services.settings.public_url

    @routes.get("/.well-known/webfinger")
    async def webfinger() -> Response:
        found = await _found(services, request.args.get("resource", "")[:500])
        if found is None:
            raise Refused(404, "there is nobody of this name here")
        account, actor = found
        link = {"rel": "self", "type": "application/activity+json", "href": actor}
        answer = _json({"subject": account, "aliases": [actor], "links": [link]}, "application/jrd+json")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    @routes.get("/actor")
    async def registry() -> Response:
        described = _actor(services, f"{url}/actor", "Application", RESERVED[0], services.key.private.public_key())
        return _activity(described | {"name": services.settings.domain, "inbox": f"{url}/inbox", "url": f"{url}/"})

    @routes.get("/users/<name>")
    async def person(name: str) -> Response:
        who = await _person(services, name)
        if wants_page():
            return await page(services, "person.html", person=who, works=await services.works.newest(name=name))
        id_ = f"{url}/users/{name}"
        key = (await services.people.key(name)).public_key()
        return _activity(_actor(services, id_, "Person", name, key) | {"inbox": f"{id_}/inbox", "url": id_})

    @routes.get("/actor/outbox")
    async def registry_outbox() -> Response:
        return _activity(_collection(f"{url}/actor/outbox", 0))

    @routes.get("/users/<name>/outbox")
    async def outbox(name: str) -> Response:
        await _person(services, name)
        id_, total = f"{url}/users/{name}/outbox", await services.works.count(name)
        number = page_number(request.args.get("page"))
        if number is None:
            return _activity(_collection(id_, total))
        items = [_announce(url, work) for work in await services.works.newest(number, name=name)]
        described = {
            "@context": CONTEXT[0],
            "id": f"{id_}?page={number}",
            "type": "OrderedCollectionPage",
            "partOf": id_,
            "totalItems": total,
            "orderedItems": items,
        }
        if number * PAGE < total:
            described["next"] = f"{id_}?page={number + 1}"
        if number > 1:
            described["prev"] = f"{id_}?page={number - 1}"
        return _activity(described)

    return routes


def page_number(text: str | None) -> int | None:
    """Raises Refused for what is none."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= PAGES_MAX):
        raise Refused(400, f"page is a number from 1 to {PAGES_MAX}")
    return int(text)


async def _person(services: Services, name: str) -> Person:
    who = await services.people.get(name)
    if who is None:
        raise Refused(404, "there is nobody of this name here")
    return who


async def _found(services: Services, resource: str) -> tuple[str, str] | None:
    """Account and actor of what WebFinger is asked for, by account or by the actor's own address."""
    url, domain = services.settings.public_url, services.settings.domain
    name, its = "", domain
    if resource.startswith("acct:"):
        name, _, its = resource.removeprefix("acct:").removeprefix("@").lower().partition("@")
    elif resource.startswith(f"{url}/users/"):
        name = resource.removeprefix(f"{url}/users/")
    elif resource == f"{url}/actor":
        name = RESERVED[0]
    if its not in (domain, urlsplit(url).netloc.lower()):
        return None
    if name == RESERVED[0]:
        return f"acct:{name}@{domain}", f"{url}/actor"
    return (f"acct:{name}@{domain}", f"{url}/users/{name}") if await services.people.get(name) else None


def _actor(services: Services, id_: str, kind: str, name: str, key: PublicKey) -> dict[str, Any]:
    url = services.settings.public_url
    return {
        "@context": CONTEXT,
        "id": id_,
        "type": kind,
        "preferredUsername": name,
        "name": name,
        "outbox": f"{id_}/outbox",
        "endpoints": {"sharedInbox": f"{url}/inbox"},
        "publicKey": {"id": f"{id_}#main-key", "owner": id_, "publicKeyPem": public_pem(key)},
    }


def _collection(id_: str, total: int) -> dict[str, Any]:
    items: dict[str, Any] = {"first": f"{id_}?page=1"} if total else {"orderedItems": []}
    return {"@context": CONTEXT[0], "id": id_, "type": "OrderedCollection", "totalItems": total} | items


def _announce(url: str, work: PublishedWork) -> dict[str, Any]:
    return {
        "id": f"{url}/works/{work.id}#announce",
        "type": "Announce",
        "actor": f"{url}/users/{work.name}",
        "published": datetime.fromtimestamp(work.received_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "to": [PUBLIC],
        "object": work.shown.object,
    }


def _activity(value: dict[str, Any]) -> Response:
    return _json(value, "application/activity+json")


def _json(value: dict[str, Any], kind: str) -> Response:
    return Response(msgspec.json.encode(value), content_type=kind, headers={"Vary": "Accept"})
