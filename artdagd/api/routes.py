"""The table of routes: what each takes and gives is read off its handler, and serves both dispatch and OpenAPI.

A handler is ``async def f(call: Call, <path parameters>, query: Q, body: B) -> A``: ``query`` and ``body`` are there
if the route has them, and their annotations (msgspec structs) are what is decoded and documented.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from artdagd.errors import ArtdagError
from artdagd.hooks.web import Scope
from artdagd.settings import Settings

Handler = Callable[..., Awaitable[Any]]
More = Callable[[Any, Any], Awaitable[Mapping[str, Any]]]
H = typing.TypeVar("H", bound=Handler)


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Page:
    """What a person sees of a route: ``template``, with the route's answer as ``it`` and with what ``more(call, it)``
    finds besides."""

    template: str
    more: More | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``takes`` and ``gives`` are media types of bodies that are not JSON; ``scope`` None is public.

    ``otherwise`` is how one who shows no credential may be let in: because the thing is ``published``, or because the
    identity provider's ``signature`` is on the request; the handler looks. ``form`` is where a browser goes on that has
    sent a form here, with the path's parameters and the answer's fields in braces; empty where forms are not taken.
    ``file`` is the most bytes of the file of a multipart form; None where there is none. ``page`` is what one gets who
    prefers HTML. ``moves`` says when a 303 is answered instead of ``status``. ``ticket``: instead of a scope it takes a
    worker's ticket, and nothing else; the handler looks.
    """

    section: str
    method: str
    path: str
    handler: Handler
    summary: str
    description: str
    status: int
    scope: Scope | None
    query: type | None
    body: type | None
    answer: Any
    takes: tuple[str, ...]
    gives: str
    errors: tuple[type[ArtdagError], ...]
    headers: tuple[str, ...]
    follow: str
    later: type | None
    otherwise: Literal["", "published", "signature"] = ""
    form: str = ""
    file: Callable[[Settings], int] | None = None
    page: Page | None = None
    moves: str = ""
    ticket: bool = False

    @property
    def operation_id(self) -> str:
        return self.handler.__name__

    @property
    def parameters(self) -> list[str]:
        """Names of the path's parameters."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def rule(self) -> str:
        """The path as the router spells it."""
        return self.path.replace("{", "<").replace("}", ">")


class Section:
    """A section of the contract: collects its routes."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description
        self.routes: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        status: int = 200,
        scope: Scope | None = "read",
        takes: Sequence[str] = (),
        gives: str = "application/json",
        errors: Sequence[type[ArtdagError]] = (),
        headers: Sequence[str] = (),
        follow: str = "",
        later: type | None = None,
        otherwise: Literal["", "published", "signature"] = "",
        form: str = "",
        file: Callable[[Settings], int] | None = None,
        page: Page | None = None,
        moves: str = "",
        ticket: bool = False,
    ) -> Callable[[H], H]:
        """Add a handler. ``headers`` are request headers that it reads; ``follow`` is the answer's Location;
        ``later`` is the body of a 202 with ``Retry-After``."""

        def add(handler: H) -> H:
            hints = typing.get_type_hints(handler)
            answer = hints.get("return")
            self.routes.append(
                Route(
                    section=self.name,
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    description=inspect.getdoc(handler) or "",
                    status=status,
                    scope=scope,
                    query=hints.get("query"),
                    body=hints.get("body"),
                    answer=None if answer is type(None) else answer,
                    takes=tuple(takes),
                    gives=gives,
                    errors=tuple(errors),
                    headers=tuple(headers),
                    follow=follow,
                    later=later,
                    otherwise=otherwise,
                    form=form,
                    file=file,
                    page=page,
                    moves=moves,
                    ticket=ticket,
                )
            )
            return handler

        return add
