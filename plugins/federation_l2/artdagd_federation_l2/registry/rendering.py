"""Pages: HTML without script, under a policy that lets nothing in but what the page is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quart import Response, redirect, render_template, request

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.guard import FIELD
from artdagd_federation_l2.registry.secrets import proof
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.sessions import Visitor


def wants_page() -> bool:
    """Whether who asks would rather have a page than JSON."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > max(accepted["application/json"], accepted["application/activity+json"])


async def visitor(services: Services) -> Visitor | None:
    """Who is signed in, in the browser that asks."""
    return await services.sessions.of(services.guard.cookie(request, "session"))


async def page(services: Services, template: str, *, media: str = "", **values: Any) -> Response:
    """A page; ``media`` is an origin whose pictures, films and sounds it may show."""
    who = await visitor(services)
    text = await render_template(
        template,
        visitor=who,
        csrf_token=proof(services.guard.cookie(request, "session")) if who else "",
        domain=services.settings.domain,
        day=_day,
        moment=_moment,
        **values,
    )
    response = Response(text, content_type="text/html; charset=utf-8")
    # A form's answer sends the browser on to a node, and browsers hold form-action against that too.
    nodes = sorted({renderer.origin for renderer in await services.renderers.all()})
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self' {media}; media-src 'self' {media}; base-uri 'none'; "
        f"form-action 'self' {' '.join(nodes)}; frame-ancestors 'none'"
    )
    response.headers["Vary"] = "Accept, Cookie"
    return response


async def meant(services: Services) -> tuple[Visitor, dict[str, str]]:
    """Who sent a form of ours, and its fields. Raises Refused for one that is not ours, or of nobody."""
    form = (await request.form).to_dict()
    services.guard.check_meant(request, "session", form.get(FIELD))
    who = await visitor(services)
    if who is None:
        raise Refused(403, "your session has ended: sign in again")
    return who, form


def away(address: str) -> Response:
    """303 to ``address``, which may hold a token: it goes into no cache and no Referer."""
    response: Response = redirect(address, 303)  # type: ignore[assignment]
    response.headers["Cache-Control"] = "no-store"
    response.set_data("")
    return response


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M UTC")
