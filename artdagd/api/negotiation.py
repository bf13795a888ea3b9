"""Which of the two a request gets: a page, for a person, or JSON, for a program (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quart import Request, Response, render_template

from artdagd.api.body import ArrivingRequest
from artdagd.auth.principal import Principal

if TYPE_CHECKING:
    from artdagd.api.app import App

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""The Content-Security-Policy of pages: our own files run and no word of a page does, and nothing comes from or goes to
elsewhere. ``blob:`` is what the browser itself has made, such as the preview of a file that is about to be uploaded."""

NAVIGATION = (
    ("/media", "Media", ("/cache",)),
    ("/recipes", "Recipes", ("/recipe",)),
    ("/runs", "Runs", ("/run",)),
    ("/storage", "Storage", ()),
    ("/workers", "Workers", ("/nodes",)),
    ("/plugins", "Plugins", ()),
)
"""What every page of one who is signed in links to: address, name, and what besides that address is part of it."""

DOCUMENTS = (("/docs", "API", ()),)
"""As ``NAVIGATION``, for everybody."""

OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]{0,199}")
"""A path of this node, with its query, on which a browser may go on after it has signed in."""


def wants_page(request: Request) -> bool:
    """Whether the client prefers HTML. What is under ``/api/`` is JSON for everybody; htmx, which brings our pages into
    each other, accepts anything and means pages."""
    if request.path.startswith("/api/"):
        return False
    accepted = request.accept_mimetypes
    return "HX-Request" in request.headers or accepted["text/html"] > accepted["application/json"]


def here(request: ArrivingRequest) -> str:
    """The request's own path and query, if a browser may be sent back to it, else ``/``."""
    return request.target if request.method == "GET" and OWN_PATH.fullmatch(request.target) else "/"


def navigation(path: str, who: Principal | None) -> list[tuple[str, str, str]]:
    """Address, name and ``aria-current`` of the links that the page at ``path`` has for ``who``."""
    return [
        (address, name, "page" if path == address else "true" if _under(path, (address, *parts)) else "")
        for address, name, parts in (*(NAVIGATION if who else ()), *DOCUMENTS)
    ]


def _under(path: str, places: tuple[str, ...]) -> bool:
    return any(path.startswith(f"{place}/") or path == place for place in places)


async def page(
    app: App,
    request: ArrivingRequest,
    who: Principal | None,
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
) -> Response:
    """``template`` with ``values``, and with what every page shows: who is signed in, and the proof for its forms."""
    provider = app.services.authority.provider
    text = await render_template(
        template,
        who=who,
        csrf_token=app.guard.csrf(request) if who is not None and who.session else "",
        provider=provider.label if provider else None,
        navigation=navigation(request.path, who),
        health=app.health(),
        path=request.path,
        here=here(request),
        **values,
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    # With `no-referrer` browsers send their forms with `Origin: null`, which is anybody's.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Vary"] = "Accept, Cookie, HX-Request"
    return response
