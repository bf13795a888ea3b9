"""What is wrong with a node that works all the same, without paths and the system's words: everybody may ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from artdagd.hooks.manager import Plugins
from artdagd.store.blobs import BlobStore
from artdagd.store.providers import Providers
from artdagd.system.watch import LoopWatch
from artdagd.workers.broker import Broker

JOINING = 60.0
"""Seconds that a node which has to have workers may be without one."""

HELD = 1.0
"""Seconds that the event loop has to have been held before that counts, for ``HELD_TOLD`` seconds."""

HELD_TOLD = 60.0

Troubles = Callable[[], Iterable[str]]


def store(blobs: BlobStore) -> Troubles:
    return lambda: ["the store is read-only: a write was lost; the log says more"] if blobs.read_only else []


def providers(used: Providers) -> Troubles:
    """Of the node's own; what is wrong with a user's is told to that user."""

    def look() -> Iterable[str]:
        for one in used.of():
            if one.circuit.state != "closed":
                yield f"storage {one.provider_id} fails again and again: /storage says why"

    return look


def plugins(found: Plugins) -> Troubles:
    return lambda: [f"plugin {one.name} has errors: /plugins says which" for one in found.report() if one.error]


def workers(broker: Broker, wanted: int) -> Troubles:
    def look() -> Iterable[str]:
        if wanted and broker.deserted > JOINING:
            yield f"no worker has been there for {broker.deserted:.0f} s, and {wanted} should be"

    return look


def loop(watch: LoopWatch | None) -> Troubles:
    def look() -> Iterable[str]:
        if watch and watch.last and watch.last.seconds >= HELD and time.monotonic() - watch.last.ended < HELD_TOLD:
            yield f"the event loop was held for {watch.last.seconds:.1f} s by {watch.last.who}"

    return look


def reasons(looks: Iterable[Troubles]) -> list[str]:
    """Why the node is degraded; empty if it is well."""
    return [reason for look in looks for reason in look()]
