"""What the pages and answers of a registry rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from artdagd_federation_l2.registry.attempts import Attempts
from artdagd_federation_l2.registry.endings import Endings
from artdagd_federation_l2.registry.guard import Guard
from artdagd_federation_l2.registry.people import People
from artdagd_federation_l2.registry.renderers import Renderers
from artdagd_federation_l2.registry.sessions import Sessions
from artdagd_federation_l2.registry.settings import RegistrySettings
from artdagd_federation_l2.registry.signed import Signers
from artdagd_federation_l2.registry.tickets import Tickets
from artdagd_federation_l2.registry.works import Works
from artdagd_federation_l2.signatures import SigningKey


@dataclass(frozen=True)
class Services:
    """Those of one registry; ``settings`` are settled, ``key`` is the registry's own, ``clock`` gives Unix seconds."""

    settings: RegistrySettings
    clock: Callable[[], float]
    key: SigningKey
    guard: Guard
    attempts: Attempts
    people: People
    sessions: Sessions
    renderers: Renderers
    tickets: Tickets
    endings: Endings
    signers: Signers
    works: Works
