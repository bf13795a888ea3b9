"""A person or program that has proved who they are."""

from __future__ import annotations

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """``scopes`` empty means all that the user may do."""

    name: str
    is_admin: bool = False
    scopes: tuple[str, ...] = ()

    @property
    def sees(self) -> str | None:
        """The owner whose things this principal sees; None: everybody's."""
        return None if self.is_admin else self.name
