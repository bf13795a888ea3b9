"""What a plugin is given of its node: settings, a folder, durable values, the way out, and the power to revoke."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from artdagd.hooks.outbound import Outbound


class PluginSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a plugin: under ``plugins.<name>`` in the settings file, and in variables of the environment.

    ``config`` is a frozen ``msgspec.Struct`` with a default for every field. ``environment`` maps variables to fields.
    """

    config: type[msgspec.Struct]
    environment: Mapping[str, str] = {}


class State(Protocol):
    """Durable values of one plugin: JSON, by keys of at most 255 characters."""

    async def get(self, key: str) -> Any | None:
        """The value of ``key``, or None."""

    async def items(
        self, prefix: str, *, after: str = "", limit: int = 100, newest: bool = False
    ) -> list[tuple[str, Any]]:
        """Keys that begin with ``prefix`` and their values, in the order of the keys' code points, or the other way
        round if ``newest``; only those that come after the key ``after``."""

    async def count(self, prefix: str) -> int:
        """How many keys begin with ``prefix``."""

    async def write(self, changes: Mapping[str, Any], expect: Mapping[str, Any] | None = None) -> bool:
        """Set values, and delete those that are None, all at once; durable when this returns.

        False, and nothing is changed, if a key of ``expect`` hasn't the value there (None: it is absent).
        """


class NodeAccess(Protocol):
    """One node, as its plugins know it."""

    @property
    def version(self) -> str:
        """The daemon's version."""

    @property
    def public_url(self) -> str:
        """How others reach this node, without a slash at the end. Known for sure from ``artdag_startup`` on."""

    @property
    def settings(self) -> Any:
        """The plugin's settings: an instance of its :class:`PluginSettings` config."""

    @property
    def folder(self) -> Path:
        """A private folder of the plugin (mode 0700), for keys and the like."""

    @property
    def state(self) -> State:
        """The plugin's durable values."""

    @property
    def outbound(self) -> Outbound:
        """The one way to other hosts."""

    async def revoke(self, *, token_hashes: tuple[str, ...] = (), user: str = "") -> int:
        """Revoke tokens by their SHA-256 (hex), and all sessions and tokens of ``user``; how many sessions ended.

        Whoever uses one is refused from now on, and their open event streams end.
        """
