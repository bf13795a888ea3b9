"""What nodes ask, signed by their actors: whom a token stands for, and what has ended (docs/federation.md)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from quart import Blueprint, Response, request

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.services import Services

Text = Annotated[str, msgspec.Meta(max_length=1024)]

_SEQ = re.compile(r"[0-9]{1,15}")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /auth/verify``."""

    token: Text
    audience: Text
    state: Text | None


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("vouching", __name__)

    @routes.post("/auth/verify")
    async def verify() -> Response:
        renderer = await services.signers.signer(request)
        try:
            question = msgspec.json.decode(await request.data, type=Question)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Refused(400, f'send {{"token", "audience", "state"}}: {error}') from None
        if question.audience != renderer.url:
            raise Refused(401, "the request is signed by another actor than that of its audience")
        found = await services.tickets.redeem(question.token, renderer.url, question.state)
        if found is None:
            return _json({"active": False})
        return _json(
            {
                "active": True,
                "username": found.name,
                "domain": services.settings.domain,
                "actor": f"{services.settings.public_url}/users/{found.name}",
                "audience": renderer.url,
                "state": question.state,
                "scopes": found.scopes,
                "expires_at": _rfc3339(found.ends_at),
            }
        )

    @routes.get("/auth/revocations")
    async def revocations() -> Response:
        renderer = await services.signers.signer(request)
        since = request.args.get("since", "0")
        if not _SEQ.fullmatch(since):
            raise Refused(400, "since has to be a number, that of `next`")
        items, following = await services.endings.since(renderer.url, int(since))
        told = [{"seq": one.seq, "username": one.name, "revoked_at": _rfc3339(one.revoked_at)} for one in items]
        return _json({"items": told, "next": following})

    return routes


def _json(value: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
