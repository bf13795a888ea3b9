"""The Quart application: routes, errors, security headers."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup
from quart import Quart, Response, current_app, request
from quart.wrappers import BaseRequestWebsocket
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

import artdagd.web
from artdagd.api import (
    about,
    assets,
    cache,
    downloads,
    examples,
    identity,
    ipfs,
    live,
    metrics,
    pages,
    phases,
    previews,
    problems,
    publishing,
    recipes,
    reproducing,
    runs,
    storage,
    tokens,
    transfers,
    upkeep,
)
from artdagd.api.body import ArrivingRequest, Connection
from artdagd.api.calls import current_request, view
from artdagd.api.guard import Guard
from artdagd.api.negotiation import page, wants_page
from artdagd.api.openapi.document import document
from artdagd.api.plugged import plugged
from artdagd.api.requests import Health
from artdagd.api.routes import Section
from artdagd.api.services import Services
from artdagd.api.sse import STREAMS, STREAMS_EACH
from artdagd.api.uploads import UPLOADS, UPLOADS_EACH
from artdagd.errors import Unavailable
from artdagd.hooks import WebRoute
from artdagd.runs.places import Places
from artdagd.web import words
from artdagd.web.compiled import Compiled

SECTIONS = (
    about.section,
    metrics.section,
    cache.section,
    upkeep.section,
    previews.section,
    publishing.section,
    storage.section,
    ipfs.section,
    recipes.section,
    examples.section,
    runs.section,
    phases.section,
    reproducing.section,
    live.section,
    downloads.section,
    identity.section,
    tokens.section,
    transfers.section,
    pages.section,
)

WEB = Path(artdagd.web.__file__).parent

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are counted by name; a stranger may send any word."""

DRAINING_SECONDS = 10
"""Seconds after which one who asks a node that is stopping may ask the next."""

AGAIN = 10
"""Seconds after which the page of an error that goes by itself is loaded again, unless the error says when."""

UNLESS_SAID = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
"""Headers of an answer that has no own word on them."""


class App(Quart):
    """The application. ``draining`` is set when the node is about to stop; ``document`` is the OpenAPI document;
    ``uploads`` and ``streams`` are the places that requests of these kinds take; ``contract`` is the document as HTML
    for who came by an address, the last one asked for."""

    request_class = ArrivingRequest
    asgi_http_class = Connection

    def __init__(self, services: Services, sections: Sequence[Section]) -> None:
        super().__init__("artdagd", template_folder=str(WEB / "templates"), static_folder=None)
        self.jinja_env.filters.update(words.FILTERS)
        self.jinja_env.globals["fresh_key"] = partial(secrets.token_urlsafe, 16)
        self.compiled = Compiled(services.settings.home / "templates")
        self.jinja_env.bytecode_cache = self.compiled
        self.draining = asyncio.Event()
        self.answered: Counter[tuple[str, int]] = Counter()
        self.services = services
        self.guard = Guard(services.settings, services.authority)
        self.uploads = Places("uploads under way", UPLOADS, UPLOADS_EACH)
        self.streams = Places("event streams open", STREAMS, STREAMS_EACH)
        self.document: dict[str, Any] = document(sections, services.version)
        self.contract = ("", Markup())
        # Limits are ours, route by route (artdagd.api.body); Quart's would refuse every upload over 16 MiB.
        self.config["MAX_CONTENT_LENGTH"] = None
        self.config["PROPAGATE_EXCEPTIONS"] = False
        self.url_map.merge_slashes = False

    def compile_pages(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Of a new version all pages until it is ``enough``, so that no visitor waits for it; takes a second, and may
        run in a thread."""
        self.compiled.fill(self.jinja_env, enough)

    def health(self) -> Health:
        """How the node is."""
        services = self.services
        if self.draining.is_set():
            return Health("draining", services.version)
        if not services.ready():
            return Health("starting", services.version)
        reasons = tuple(services.troubles())
        return Health("degraded" if reasons else "ok", services.version, reasons)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        # No route depends on the Host; Quart's way fails on one that is no name before anybody can refuse it.
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind(
            "node", url_scheme=request.scheme, default_method=request.method, path_info=request.path
        )


def create_app(services: Services, added: Sequence[tuple[str, WebRoute]] = ()) -> App:
    """The API of one node, with the routes that its plugins ``added``."""
    sections = (*SECTIONS, plugged(added, SECTIONS)) if added else SECTIONS
    app = App(services, sections)
    for section in sections:
        for route in section.routes:
            app.add_url_rule(
                route.rule,
                endpoint=route.operation_id,
                view_func=view(route, services, app),
                methods=[route.method],
                provide_automatic_options=False,
            )
    app.add_url_rule(assets.RULE, endpoint="static", view_func=assets.serve(WEB / "static"), methods=["GET"])
    app.register_error_handler(HTTPException, _problem)
    app.register_error_handler(Exception, _problem)
    app.before_request(_known_host)
    app.before_request(_open)
    app.after_request(_protect)
    return app


async def _problem(error: Exception) -> Response:
    """An error as the client prefers it."""
    app: App = current_app._get_current_object()  # type: ignore[attr-defined]
    problem, headers = problems.told(error)
    if wants_page(request):
        who = await app.guard.visitor(request)
        shown = {
            "problem": problem,
            "meanings": problems.MEANINGS,
            "retry_after": int(headers.get("Retry-After", AGAIN)),
            "path_again": request.method == "GET",
        }
        response = await page(app, current_request(), who, "problem.html", shown, problem.status)
    else:
        response = problems.answer(problem)
        response.headers["Vary"] = "Accept"
    response.headers.update(headers)
    return response


async def _known_host() -> None:
    current_app.guard.check_host(request)  # type: ignore[attr-defined]


async def _open() -> None:
    if current_app.draining.is_set() and request.path != "/healthz":  # type: ignore[attr-defined]
        raise Unavailable("the node is stopping", advice="Ask again when it is up.", retry_after=DRAINING_SECONDS)


async def _protect(response: Response) -> Response:
    if response.status_code in (302, 303):
        response.headers.pop("Content-Type", None)  # of a body that it has not
    current_app.answered[request.method if request.method in METHODS else "other", response.status_code] += 1  # type: ignore[attr-defined]
    for name, value in ALWAYS.items():
        response.headers[name] = value
    for name, value in UNLESS_SAID.items():
        response.headers.setdefault(name, value)
    return response
