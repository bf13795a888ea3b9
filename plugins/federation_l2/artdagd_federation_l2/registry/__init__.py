"""``artdag-registry``: a small registry (L2) by docs/federation.md, for tests and for a collective to start with."""

from __future__ import annotations

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.registry import Registry
from artdagd_federation_l2.registry.settings import RegistrySettings

__all__ = ["Refused", "Registry", "RegistrySettings"]
