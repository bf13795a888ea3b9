"""artdagd's way to an ActivityPub registry: who signs in, and where works are published."""

from __future__ import annotations

from artdagd.hooks import RunEvent, hookimpl


class FederationPlugin:
    """The plugin of one node."""

    @hookimpl
    def artdag_run_event(self, event: RunEvent) -> None:
        """Nothing yet."""
