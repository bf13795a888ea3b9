"""A person or program that has proved who they are."""

from __future__ import annotations

from typing import get_args

import msgspec

from artdagd.hooks.web import Scope

SCOPES: tuple[Scope, ...] = get_args(Scope)


class Principal(msgspec.Struct, frozen=True):
    """``scopes`` empty means all that the user may do. ``credential`` is the SHA-256 of the token or session that was
    shown; ``session`` says that a browser showed it by itself, so that its word alone proves no intent."""

    name: str
    is_admin: bool = False
    scopes: tuple[Scope, ...] = ()
    credential: str = ""
    session: bool = False

    @property
    def sees(self) -> str | None:
        """The owner whose things this principal sees; None: everybody's, with a credential that is good for that."""
        return None if self.may("admin") else self.name

    def may(self, scope: Scope) -> bool:
        """Whether the credential is good for ``scope``, and the user for it."""
        return (not self.scopes or scope in self.scopes) and (scope != "admin" or self.is_admin)
