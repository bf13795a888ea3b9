"""The nodes that one can attach to, and the way there (docs/federation.md, "Signing in")."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.renderers import Renderer
from artdagd_federation_l2.registry.rendering import away, meant, page, visitor
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.sessions import Visitor
from artdagd_federation_l2.registry.signing_in import to_login

_STATE = re.compile(r"[\x21-\x7e]{8,512}")


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("attaching", __name__)

    @routes.get("/renderers")
    async def renderers() -> Response:
        who = await visitor(services)
        return await page(
            services,
            "renderers.html",
            renderers=await services.renderers.all(),
            approved=await services.renderers.approved(who.name) if who else set(),
            attached=await services.tickets.attached(who.name) if who else {},
        )

    @routes.post("/renderers/attach")
    async def attach() -> Response:
        who, fields = await meant(services)
        renderer = await _known(services, fields.get("renderer"))
        await services.renderers.approve(who.name, renderer.url)
        return await _sent(services, who, renderer, None)

    @routes.post("/renderers/detach")
    async def detach() -> Response:
        who, fields = await meant(services)
        renderer = await _known(services, fields.get("renderer"))
        await services.endings.detach(who.name, renderer.url)
        return away("/renderers")

    @routes.get("/attach")
    async def answer() -> Response:
        renderer = await _known(services, request.args.get("renderer"))
        state = _state(request.args.get("state"))
        who = await visitor(services)
        if who is None:
            return to_login(f"/attach?{urlencode({'renderer': renderer.url, 'state': state})}")
        if renderer.url not in await services.renderers.approved(who.name):
            return await page(services, "attach.html", renderer=renderer, state=state)
        return await _sent(services, who, renderer, state)

    @routes.post("/attach")
    async def confirm() -> Response:
        who, fields = await meant(services)
        renderer = await _known(services, fields.get("renderer"))
        state = _state(fields.get("state"))
        await services.renderers.approve(who.name, renderer.url)
        return await _sent(services, who, renderer, state)

    return routes


async def _known(services: Services, url: str | None) -> Renderer:
    """By exactly the address that was registered: nobody is sent anywhere else."""
    renderer = await services.renderers.get((url or "")[:1000])
    if renderer is None:
        raise Refused(404, "there is no such renderer here: /renderers lists those that there are")
    return renderer


def _state(text: str | None) -> str:
    if not _STATE.fullmatch(text or ""):
        raise Refused(400, "state has to be what the node gave the browser: begin again at the node")
    return text or ""


async def _sent(services: Services, who: Visitor, renderer: Renderer, state: str | None) -> Response:
    token = await services.tickets.issue(who, renderer.url, state)
    said = {"auth_token": token} if state is None else {"auth_token": token, "state": state}
    return away(f"{renderer.url}/auth?{urlencode(said)}")
