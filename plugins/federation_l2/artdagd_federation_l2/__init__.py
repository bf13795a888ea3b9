"""artdagd's way to an ActivityPub registry: who signs in, and where works are published."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from artdagd.hooks import (
    Check,
    IdentityProvider,
    Installation,
    NodeAccess,
    PluginSettings,
    Publisher,
    WebRoute,
    hookimpl,
)
from artdagd_federation_l2.settings import ENVIRONMENT, FederationSettings

if TYPE_CHECKING:
    from artdagd_federation_l2.node.federation import Federation

log = logging.getLogger(__name__)


class FederationPlugin:
    """The plugin of one node. Without ``L2_SERVER`` it offers nothing, and imports nothing heavy."""

    def __init__(self) -> None:
        self._federation: Federation | None = None

    @hookimpl
    def artdag_settings(self) -> PluginSettings:
        return PluginSettings(config=FederationSettings, environment=ENVIRONMENT)

    @hookimpl
    def artdag_identity_provider(self, node: NodeAccess) -> IdentityProvider | None:
        federation = self._of(node)
        return federation.identity if federation else None

    @hookimpl
    def artdag_publisher(self, node: NodeAccess) -> Publisher | None:
        federation = self._of(node)
        return federation.publisher if federation else None

    @hookimpl
    def artdag_routes(self, node: NodeAccess) -> Sequence[WebRoute]:
        federation = self._of(node)
        return federation.routes if federation else ()

    @hookimpl
    async def artdag_startup(self, node: NodeAccess) -> None:
        if node.settings.domain and not node.settings.server:
            log.warning("L2_DOMAIN is set and L2_SERVER is not: there is no registry to sign in at")
        if node.settings.server.startswith("https:") and node.public_url.startswith("http:"):
            log.warning(
                "%s will hardly reach this node at %s: set L1_PUBLIC_URL to its https address",
                node.settings.server,
                node.public_url,
            )
        if federation := self._of(node):
            await federation.start()

    @hookimpl
    async def artdag_shutdown(self) -> None:
        if self._federation:
            await self._federation.stop()

    @hookimpl
    async def artdag_checks(self, installation: Installation) -> Sequence[Check]:
        if not installation.settings.server:
            return ()
        from artdagd_federation_l2.node.checks import checks

        return await checks(installation)

    def _of(self, node: NodeAccess) -> Federation | None:
        if self._federation is None and node.settings.server:
            from artdagd_federation_l2.node.federation import Federation

            self._federation = Federation(node)
        return self._federation
