"""Signing in and out at the registry."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.guard import FIELD
from artdagd_federation_l2.registry.rendering import away, meant, page, visitor
from artdagd_federation_l2.registry.secrets import fresh, proof
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.sessions import SESSION

VISIT = 3600.0
"""Seconds that a log-in form is good for."""

_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]{0,4095}")


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("signing_in", __name__)

    @routes.get("/login")
    async def form() -> Response:
        if await visitor(services):
            return away(_next(request.args.get("next")))
        return await _form(services, _next(request.args.get("next")))

    @routes.post("/login")
    async def sign_in() -> Response:
        fields = (await request.form).to_dict()
        services.guard.check_meant(request, "visit", fields.get(FIELD))
        following = _next(fields.get("next"))
        name = fields.get("username", "").strip().lower()[:100]
        who = f"from {request.remote_addr}", f"as {name}"
        services.attempts.begin(*who)
        if not await services.people.is_password(name, fields.get("password", "")):
            return await _form(services, following, name, wrong=True)
        services.attempts.succeeded(*who)
        response = away(following)
        services.guard.keep(response, "session", await services.sessions.open(name), SESSION)
        services.guard.keep(response, "visit", "", 0)
        return response

    @routes.post("/logout")
    async def sign_out() -> Response:
        who, _ = await meant(services)
        await services.endings.sign_out(who.name, who.session)
        response = away("/")
        services.guard.keep(response, "session", "", 0)
        return response

    return routes


def to_login(following: str) -> Response:
    """Off to sign in, and then on to a path of ours."""
    return away(f"/login?{urlencode({'next': following})}")


async def _form(services: Services, following: str, name: str = "", *, wrong: bool = False) -> Response:
    visit = services.guard.cookie(request, "visit") or fresh()
    response = await page(services, "login.html", following=following, name=name, wrong=wrong, form_token=proof(visit))
    response.status_code = 403 if wrong else 200
    services.guard.keep(response, "visit", visit, VISIT)
    return response


def _next(path: str | None) -> str:
    if not path:
        return "/renderers"
    if not _OWN_PATH.fullmatch(path):
        raise Refused(400, "next has to be a path of this registry, such as /renderers")
    return path
