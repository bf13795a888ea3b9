"""Who people are: a provider that vouches for them, so that a node needs no passwords."""

from __future__ import annotations

from typing import Protocol

import msgspec

from artdagd.hooks.web import Scope, WebRequest


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom a provider vouches for.

    ``name`` is unique among all providers: ``@giles@example.org``. ``expires_at`` is when the session ends at the
    latest, in seconds since 1970. ``scopes`` empty means all that the person may do.
    """

    name: str
    expires_at: float
    scopes: tuple[Scope, ...] = ()


class SignInRefused(Exception):
    """The provider does not vouch: a token that is unknown, used, expired, revoked, or meant for another node."""


class ProviderUnreachable(Exception):
    """The provider does not answer, or not in a way that can be believed. ``retry_after`` is in seconds."""

    def __init__(self, detail: str, retry_after: int = 30) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class IdentityProvider(Protocol):
    """A place where people sign in. A node has one at most, besides its own tokens."""

    @property
    def label(self) -> str:
        """What to call it on a page: ``example.org``."""

    def address(self, state: str) -> str:
        """Where a browser goes to sign in; it returns to ``/auth?auth_token=…&state=…`` with ``state`` as it was."""

    async def check(self) -> None:
        """Asked before a browser is sent there: raises ProviderUnreachable if nobody answers. Anybody may make a node
        ask, so that the answer is to be kept for a moment."""

    async def redeem(self, token: str, state: str | None) -> Identity:
        """Whom ``token`` stands for. Asked once a token. Raises SignInRefused or ProviderUnreachable.

        ``state`` is None where no browser of this node asked for the token: then one that was made for a state is
        refused, as one is that was made for another state.
        """

    async def may_revoke(self, request: WebRequest) -> bool:
        """Whether ``request``, to ``/auth/revoke`` or ``/auth/revoke-user``, comes from the provider itself."""

    def owns(self, name: str) -> str | None:
        """The :class:`Identity` name that the provider's ``name`` for a person means, if it is one of its own."""
