"""The Quart application: routes, errors, security headers."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from artdagd_federation_l2.registry import actors, attaching, inbox, pages, signing_in, vouching
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.rendering import page, wants_page
from artdagd_federation_l2.registry.services import Services

HERE = Path(__file__).parent

BODY_MAX = 256 << 10
"""Bytes of a request's body."""

BODY_SECONDS = 30

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under that, browsers hide the origin of our own forms as well (Fetch, "append a request Origin").
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
UNLESS_SAID = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

SAID = {
    404: "nothing has this address here: it may have been mistyped, or what was there is gone",
    405: "this address does not take such a request",
}
"""Our words for what the framework refuses."""

log = logging.getLogger("artdag.registry")


def create_app(services: Services) -> Quart:
    """The pages and answers of one registry."""
    app = Quart("artdag-registry", root_path=str(HERE), static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX
    app.config["BODY_TIMEOUT"] = BODY_SECONDS
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.url_map.merge_slashes = False
    for part in (signing_in, attaching, vouching, inbox, actors, pages):
        app.register_blueprint(part.blueprint(services))

    async def known_host() -> None:
        services.guard.check_host(request)

    async def refused(error: Refused) -> Response:
        return await _problem(services, error.status, error.detail, error.retry_after)

    async def not_http(error: HTTPException) -> Response:
        return await _problem(
            services, error.code or 500, SAID.get(error.code or 500) or error.description or error.name
        )

    async def failed(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return await _problem(services, 500, "this is a fault of the registry; its log says more")

    app.before_request(known_host)
    app.after_request(_protect)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, not_http)
    app.register_error_handler(Exception, failed)
    return app


async def _problem(services: Services, status: int, detail: str, retry_after: int | None = None) -> Response:
    if wants_page():
        response = await page(services, "problem.html", status=status, detail=detail)
        response.status_code = status
    else:
        body = msgspec.json.encode({"title": "Refused", "status": status, "detail": detail})
        response = Response(body, status, content_type="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Signature"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


async def _protect(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers[name] = value
    for name, value in UNLESS_SAID.items():
        response.headers.setdefault(name, value)
    return response
