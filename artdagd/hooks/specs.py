"""Every hook that the node calls. A plugin implements any of them, marked with ``@artdagd.hooks.hookimpl``.

Hooks that do I/O may be ``async def``: the node awaits what they return.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING

from artdagd.hooks.checks import Check, Installation
from artdagd.hooks.identity import IdentityProvider
from artdagd.hooks.markers import hookspec
from artdagd.hooks.node import NodeAccess, PluginSettings
from artdagd.hooks.publishing import Publisher
from artdagd.hooks.types import Analyzer, Effect, NodeStorage, RunEvent, StorageType
from artdagd.hooks.web import WebRoute

if TYPE_CHECKING:
    import click


class Specs:
    """The hook specifications, version 1.2 of the plugin API."""

    @hookspec
    def artdag_effects(self) -> Iterable[Effect]:
        """The effects that this plugin adds. Called once, at start, in the daemon and in every worker."""

    @hookspec
    def artdag_analyzers(self) -> Iterable[Analyzer]:
        """The analyzers that this plugin adds. Called once, at start, in the daemon and in every worker.

        Keep heavy imports (librosa, numpy) inside the analyze function: the daemon must stay small.
        """

    @hookspec
    def artdag_storage_types(self) -> Iterable[StorageType]:
        """The kinds of storage that this plugin adds. Called once, at start, in the daemon."""

    @hookspec
    def artdag_settings(self) -> PluginSettings:
        """The settings of this plugin. Called once, when the daemon starts. New in 1.2."""

    @hookspec
    def artdag_identity_provider(self, node: NodeAccess) -> IdentityProvider | None:
        """The place where people sign in, or None if it is not configured. Called once, when the daemon starts. New in
        1.2."""

    @hookspec
    def artdag_publisher(self, node: NodeAccess) -> Publisher | None:
        """The place where works are published, or None if it is not configured. Called once, when the daemon starts.
        New in 1.2."""

    @hookspec
    def artdag_node_storage(self, node: NodeAccess) -> NodeStorage | None:
        """Storage that this plugin's settings put into use for the node, or None. Called once, when the daemon starts.
        New in 1.2."""

    @hookspec
    def artdag_routes(self, node: NodeAccess) -> Iterable[WebRoute]:
        """Routes to add to the node's HTTP. Called once, when the daemon starts. New in 1.2."""

    @hookspec
    def artdag_run_event(self, event: RunEvent) -> Awaitable[None] | None:
        """A run or a step changed its state, after that state was made durable. Errors are logged, never passed on."""

    @hookspec
    def artdag_startup(self, node: NodeAccess) -> Awaitable[None] | None:
        """The node is about to accept work. An error here disables nothing and is logged. ``node`` is new in 1.2."""

    @hookspec
    def artdag_shutdown(self) -> Awaitable[None] | None:
        """The node stopped accepting work and is about to end."""

    @hookspec
    def artdag_checks(self, installation: Installation) -> Iterable[Check] | Awaitable[Iterable[Check]]:
        """What the plugin finds out about its own part, for ``artdagctl doctor``, whether the node runs or not. Has ten
        seconds; changes nothing. New in 1.2."""

    @hookspec
    def artdag_commands(self) -> Iterable[click.Command]:
        """Commands to add to ``artdagctl``. Called when the command line starts, not in the daemon."""
