"""The nodes that a registry knows, and who approved which."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from artdagd.hooks import AddressRules, OutboundRefused, is_loopback
from artdagd_federation_l2.registry.database import Database
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.settings import checked_address, origin

ALLOWED = "--allow-private of artdag-registry serve"

MOST = 200
NAME_MAX = 100


class Renderer(msgspec.Struct, frozen=True):
    """``url`` is NODE of docs/federation.md; ``name`` what it is called on our pages."""

    url: str
    name: str

    @property
    def actor(self) -> str:
        return f"{self.url}/ap/actor"

    @property
    def origin(self) -> str:
        return origin(self.url)


class Renderers:
    """Only these are sent people, vouched to and believed."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, url: str, name: str = "") -> None:
        """Raises Refused for what is no address, is known already, or is one too many."""
        url = checked_address(url)
        async with self._database.writing() as transaction:
            added = await transaction.execute(
                "INSERT OR IGNORE INTO renderers (url, name, made_at)"
                " SELECT ?, ?, ? WHERE (SELECT count(*) FROM renderers) < ?",
                (url, plain(name), self._clock(), MOST),
            )
        if not added.rowcount:
            raise Refused(409, f"{url} is known already, or there are {MOST} renderers, the most that there may be")

    async def all(self) -> list[Renderer]:
        rows = await self._database.rows("SELECT url, name, actor_name FROM renderers ORDER BY made_at, url")
        return [_renderer(*row) for row in rows]

    async def get(self, url: str) -> Renderer | None:
        """By exactly this address."""
        found = await self._database.row("SELECT url, name, actor_name FROM renderers WHERE url = ?", url)
        return _renderer(*found) if found else None

    async def note_name(self, url: str, actor_name: str) -> None:
        """Note what a node calls itself."""
        async with self._database.writing() as transaction:
            await transaction.execute("UPDATE renderers SET actor_name = ? WHERE url = ?", (plain(actor_name), url))

    async def nameless(self) -> list[Renderer]:
        rows = await self._database.rows("SELECT url, name, actor_name FROM renderers WHERE actor_name = ''")
        return [_renderer(*row) for row in rows]

    async def approve(self, person: str, url: str) -> None:
        async with self._database.writing() as transaction:
            await transaction.execute(
                "INSERT OR IGNORE INTO approvals (name, renderer, made_at) VALUES (?, ?, ?)",
                (person, url, self._clock()),
            )

    async def approved(self, person: str) -> set[str]:
        """The addresses of those that ``person`` approved."""
        rows = await self._database.rows("SELECT renderer FROM approvals WHERE name = ?", person)
        return {row[0] for row in rows}


def why_not_called(url: str) -> str:
    """Why a registry calls no node at ``url`` that ``--allow-private`` does not list, and what to list; empty if it
    does, as far as an address says."""
    try:
        target = AddressRules((), (443,), ALLOWED).target(url)
        if is_loopback(target.host):
            return f"{target.host} is this machine. If it shall be called, list {target.host} in {ALLOWED}."
    except OutboundRefused as refusal:
        return str(refusal)
    return ""


def plain(text: str) -> str:
    """A name for a page: one line, nothing that turns the text around, not longer than fits."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * NAME_MAX]).split())[:NAME_MAX]


def _renderer(url: str, name: str, actor_name: str) -> Renderer:
    return Renderer(url, name or actor_name or url.partition("://")[2])
