"""What nodes send to the inbox of the registry or of its people (ActivityPub, 7)."""

from __future__ import annotations

from quart import Blueprint, Response, request

from artdagd_federation_l2.registry import objects
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.services import Services

TAKEN = ("application/activity+json", "application/ld+json", "application/json")


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("inbox", __name__)

    @routes.post("/inbox")
    async def shared() -> Response:
        return await _receive(services)

    @routes.post("/users/<name>/inbox")
    async def personal(name: str) -> Response:
        if await services.people.get(name) is None:
            raise Refused(404, "there is nobody of this name here")
        return await _receive(services)

    return routes


async def _receive(services: Services) -> Response:
    """202, with the page of the work in ``Location`` where there is one; kinds that aren't known are let be."""
    if request.mimetype not in TAKEN:
        raise Refused(415, f"an activity is {TAKEN[0]}")
    renderer = await services.signers.signer(request)
    activity = objects.activity(await request.data, renderer)
    response = Response("", 202)
    if activity.type in ("Create", "Update"):
        name = objects.rendered_by(activity.object, services.settings.domain)
        work = await services.works.put(activity, name, objects.shown(activity.object, renderer))
        response.headers["Location"] = f"{services.settings.public_url}/works/{work}"
    elif activity.type == "Delete":
        await services.works.take_back(activity, objects.object_id(activity.object, renderer), renderer)
    return response
