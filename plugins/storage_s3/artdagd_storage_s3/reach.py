"""Connections of a bucket that serves one user: to what the node's rules allow, whatever the service answers.

Checked are names when they are resolved, and every address when it is connected to: a redirection may name one.
"""

from __future__ import annotations

import socket
from typing import Any

from aiohttp.resolver import ThreadedResolver

from artdagd.hooks import AddressRules, OutboundRefused


class Refused(OSError):
    """The rules forbid the connection."""


class Reach(ThreadedResolver):
    """A resolver of aiohttp, and a factory of its sockets. ``refused`` says what was refused last."""

    def __init__(self, rules: AddressRules) -> None:
        super().__init__()
        self.refused = ""
        self._rules = rules
        self._admitted: set[tuple[str, int]] = set()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        found = await super().resolve(host, port, family)
        addresses = [one["host"].partition("%")[0] for one in found]
        self._allow(host, port, addresses)
        self._admitted.update((address, port) for address in addresses)
        return list(found)

    def socket(self, info: Any) -> socket.socket:
        """For an entry of getaddrinfo. Raises :class:`Refused`."""
        family, kind, protocol, _, address = info
        host, port = address[0].partition("%")[0], address[1]
        if (host, port) not in self._admitted:
            self._allow(host, port, [host])
        return socket.socket(family, kind, protocol)

    def _allow(self, host: str, port: int, addresses: list[str]) -> None:
        try:
            self._rules.allow(host, port, addresses)
        except OutboundRefused as error:
            self.refused = str(error)
            raise Refused(str(error)) from None
