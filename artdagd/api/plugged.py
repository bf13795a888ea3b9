"""Routes of plugins among the node's own."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence

import msgspec
from quart import Response

from artdagd.api.calls import Call
from artdagd.api.routes import Route, Section
from artdagd.errors import NotFound, TooLarge, Unavailable
from artdagd.hooks import WebRequest, WebRoute

log = logging.getLogger(__name__)


def plugged(routes: Sequence[tuple[str, WebRoute]], sections: Collection[Section]) -> Section:
    """The routes that plugins add. One that the node or an earlier plugin has is left out, with an error in the log."""
    section = Section("Plugins", "Routes that plugins added to this node.")
    taken = {_key(route.method, route.path) for one in sections for route in one.routes}
    for plugin, route in routes:
        key = _key(route.method, route.path)
        if key in taken:
            log.error("plugin %s: the route %s %s is taken", plugin, route.method, route.path)
            continue
        taken.add(key)
        section.routes.append(_route(section.name, plugin, route))
    return section


async def web_request(call: Call, parameters: Mapping[str, str], limit: int | None = None) -> WebRequest:
    """A request as plugins see it, with its whole body."""
    asked = call.request
    body = await call.text() if limit is None else await call.body(limit)
    query = asked.query_string.decode("latin-1")
    path = asked.scope.get("raw_path", asked.path.encode()).decode("latin-1")
    return WebRequest(
        method=asked.method,
        target=f"{path}?{query}" if query else path,
        host=asked.host,
        headers={name.lower(): ", ".join(asked.headers.getlist(name)) for name in set(asked.headers.keys())},
        body=body,
        query=dict(asked.args),
        parameters=parameters,
        user=call.caller.name if call.caller else None,
    )


def _route(section: str, plugin: str, route: WebRoute) -> Route:
    async def handler(call: Call, **parameters: str) -> Response:
        asked = await web_request(call, parameters, route.limit)
        if route.scope is None:
            asked = msgspec.structs.replace(asked, user=None)
        answer = await route.handler(asked)
        return Response(answer.body, answer.status, dict(answer.headers), content_type=answer.media_type)

    handler.__name__ = f"{plugin}_{route.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', route.path.lower()).strip('_')}"
    return Route(
        section=section,
        method=route.method,
        path=route.path,
        handler=handler,
        summary=route.summary,
        description=f"By the plugin `{plugin}`.",
        status=200,
        scope=route.scope,
        query=None,
        body=None,
        answer=None,
        takes=route.takes,
        gives=route.gives,
        errors=(NotFound, Unavailable, TooLarge) if "{" in route.path else (Unavailable, TooLarge),
        headers=(),
        follow="",
        later=None,
    )


def _key(method: str, path: str) -> tuple[str, str]:
    return method, re.sub(r"{\w+}", "{}", path)
