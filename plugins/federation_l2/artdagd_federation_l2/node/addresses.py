"""The addresses of a node's actor and of what it publishes, and how addresses are compared."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

ADDRESS_MAX = 2_048
"""Characters of an address that a peer names."""


class Addresses(msgspec.Struct, frozen=True):
    """All of one node. ``node`` is its public address, without a slash at the end."""

    node: str

    @property
    def host(self) -> str:
        """With the port, unless it is the scheme's own."""
        return urlsplit(self.node).netloc.lower()

    @property
    def actor(self) -> str:
        return f"{self.node}/ap/actor"

    @property
    def key(self) -> str:
        return f"{self.actor}#main-key"

    @property
    def inbox(self) -> str:
        return f"{self.node}/ap/inbox"

    @property
    def outbox(self) -> str:
        return f"{self.node}/ap/outbox"

    @property
    def followers(self) -> str:
        return f"{self.node}/ap/followers"

    def object(self, key: str) -> str:
        return f"{self.node}/ap/objects/{key}"

    def provenance(self, key: str) -> str:
        return f"{self.object(key)}/provenance"

    def activity(self, tail: str) -> str:
        return f"{self.node}/ap/activities/{tail}"


def origin(address: object) -> str:
    """Scheme, host and port of an http(s) address, in small letters; empty for anything else.

    The port that the scheme implies is left out. What holds a user name, white space or a backslash has no origin:
    another reader might find another host in it.
    """
    if not isinstance(address, str) or len(address) > ADDRESS_MAX or not address.isascii():
        return ""
    if not address.isprintable() or not {" ", "\\"}.isdisjoint(address):
        return ""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    implied = port is None or port == {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if implied else f"{parts.scheme}://{host}:{port}"
