"""HTTP routes of plugins: what a handler is given, and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

Scope = Literal["read", "write", "publish", "admin"]
"""What a token may be good for. ``admin`` is for administrators alone."""


class WebRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``target`` is the path and query as they came, not decoded; ``headers`` have lower-case names, the
    values of a repeated one joined with ``, ``; ``parameters`` are those of the route's path; ``user`` is who asks, on
    a route with a scope.
    """

    method: str
    target: str
    host: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = {}
    parameters: Mapping[str, str] = {}
    user: str | None = None


class WebResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. The node adds its security headers; a page gets its policy: no script, no asset from elsewhere."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}


class WebRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A route that a plugin adds to its node.

    ``path`` may have parameters, as in ``/objects/{name}``; a path that the node has already is refused. ``scope`` None
    is open to everybody: such a route sees no cookie's user, so that no foreign page can act through a browser. A body
    has ``limit`` bytes at most. ``gives`` is the media type of a good answer, ``takes`` that of the body.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    handler: Callable[[WebRequest], Awaitable[WebResponse]]
    scope: Scope | None = "read"
    takes: tuple[str, ...] = ()
    gives: str = "application/json"
    limit: int = 1 << 20
