"""Routes of plugins among the node's own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from quart import Response

from artdagd.api import assets
from artdagd.api.calls import Call
from artdagd.api.routes import Route, Section
from artdagd.errors import NotFound, TooLarge, Unavailable
from artdagd.hooks import WebRequest, WebResponse, WebRoute

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Seconds that a plugin's handler may take."""

LENGTHS = ("content-length", "transfer-encoding", "connection")
"""Headers that the server writes."""

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")


def plugged(routes: Sequence[tuple[str, WebRoute]], sections: Collection[Section]) -> Section:
    """The routes that plugins add. One whose requests the node or an earlier plugin may answer already is left out,
    with an error in the log."""
    section = Section("Plugins", "Routes that plugins added to this node.")
    taken = [("GET", assets.RULE.partition("<")[0] + "{name}")]
    taken += [(route.method, route.path) for one in sections for route in one.routes]
    for plugin, route in routes:
        clash = next((path for method, path in taken if method == route.method and _meet(path, route.path)), None)
        if clash is not None:
            log.error("plugin %s: the route %s %s is taken by %s", plugin, route.method, route.path, clash)
            continue
        taken.append((route.method, route.path))
        section.routes.append(_route(section, plugin, route))
    return section


async def web_request(
    call: Call, parameters: Mapping[str, str], limit: int | None = None, *, named: bool = True
) -> WebRequest:
    """A request as plugins see it, with its whole body; ``named``: with who asks. Nobody's credential is in it."""
    asked = call.request
    body = await call.text() if limit is None else await call.body(limit)
    headers = {name.lower(): ", ".join(asked.headers.getlist(name)) for name in set(asked.headers.keys())}
    headers.pop("cookie", None)
    if headers.get("authorization", "").lower().startswith("bearer"):
        del headers["authorization"]
    return WebRequest(
        method=asked.method,
        target=asked.target,
        host=asked.host,
        headers=headers,
        body=body,
        query=dict(asked.args),
        parameters=parameters,
        user=call.caller.name if named and call.caller else None,
    )


def _route(section: Section, plugin: str, route: WebRoute) -> Route:
    async def handler(call: Call, **parameters: str) -> Response:
        asked = await web_request(call, parameters, route.limit, named=route.scope is not None)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await route.handler(asked)
        except TimeoutError:
            raise Unavailable(f"the plugin {plugin} did not answer within {SECONDS:g} s", retry_after=30) from None
        return _response(answer)

    words = re.sub(r"[^a-z0-9]+", "_", f"{plugin}_{route.method}_{route.path}".lower()).strip("_")
    same = sum(re.sub(r"_\d+$", "", one.operation_id) == words for one in section.routes)
    handler.__name__ = f"{words}_{same + 1}" if same else words
    return Route(
        section=section.name,
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
        takes=tuple(route.takes),
        gives=route.gives,
        errors=(NotFound, Unavailable, TooLarge) if "{" in route.path else (Unavailable, TooLarge),
        headers=(),
        follow="",
        later=None,
    )


def _response(answer: Any) -> Response:
    """A plugin's answer as a response. Raises TypeError or ValueError for what can't be sent as one."""
    if not isinstance(answer, WebResponse) or not isinstance(answer.body, bytes):
        raise TypeError(f"a plugin gave {type(answer).__name__}, no WebResponse with a body of bytes")
    if type(answer.status) is not int or not 200 <= answer.status <= 599:
        raise ValueError(f"a plugin gave the status {answer.status!r}")
    headers = {**answer.headers, "Content-Type": answer.media_type}
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in LENGTHS:
            raise ValueError(f"a plugin gave the header {name!r}, or a value for it, that can't be sent")
    return Response(b"" if answer.status in (204, 304) else answer.body, answer.status, headers)


def _meet(one: str, other: str) -> bool:
    """Whether a path may be meant by both."""
    parts, others = one.split("/"), other.split("/")
    return len(parts) == len(others) and all(
        a == b or a.startswith("{") or b.startswith("{") for a, b in zip(parts, others, strict=True)
    )
