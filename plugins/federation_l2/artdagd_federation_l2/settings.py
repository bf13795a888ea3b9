"""The plugin's settings: which registry a node belongs to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

ENVIRONMENT = {"L2_SERVER": "server", "L2_DOMAIN": "domain"}

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")


class FederationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``server`` is the registry's address, ``domain`` the part of its people's names after the second ``@`` (default:
    the server's host), ``name`` what the node's actor is called. Raises ValueError for a server that is no origin."""

    server: str = ""
    domain: str = ""
    name: str = "artdagd"

    def __post_init__(self) -> None:
        if not self.server:
            return
        parts = urlsplit(self.server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
            raise ValueError(f"server has to be https://HOST, without a path: {self.server[:200]!r}")
        if parts.query or parts.fragment:
            raise ValueError("server has no query")
        domain = (self.domain or parts.hostname).lower()
        if not _DOMAIN.fullmatch(domain):
            raise ValueError(f"domain is no name of a host: {domain[:200]!r}")
        msgspec.structs.force_setattr(self, "server", f"{parts.scheme}://{parts.netloc.lower()}")
        msgspec.structs.force_setattr(self, "domain", domain)
