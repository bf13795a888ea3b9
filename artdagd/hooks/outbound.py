"""The one HTTP client with which the node and its plugins call other servers, by rules that guard the node's network.

Whoever can make a node fetch an address of their choice reaches with it what only the node can reach: a database on
loopback, a router, the metadata service of a cloud (server-side request forgery). A name is resolved once, every one of
its addresses is checked, and the connection goes to one of those, so that a second answer of the DNS changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import TypeAlias, TypeVar

import msgspec

from artdagd import __version__
from artdagd.hooks.addresses import Address, AddressRules, OutboundRefused, Target

AT_ONCE = 32
"""Requests that are under way at once; further ones wait, within their time."""

RESOLVERS = 8
"""Names that are resolved at once: a slow DNS server holds no other thread of the node."""

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""(host, port) -> its IP addresses. Blocks; raises OSError."""

Value = TypeVar("Value")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?")
_OURS = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)


class OutboundFailed(Exception):
    """No whole answer: no address, no connection, no trust, out of time, too large, cut off, or not HTTP. The text
    names the server; it holds no path, no query and nothing of the answer."""


class OutboundAnswer(msgspec.Struct, frozen=True):
    """What a server answered, whatever its status. Names of ``headers`` are in lower case; one that came several times
    has its values joined by ``", "``. ``url`` is what was asked for, without a fragment."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Outbound:
    """Calls other servers: https, port 443, public addresses, HTTP/1.1, certificates checked against the name.

    ``private`` lists what may be called beyond that: ``host``, ``host:port``, an IP address (``10.1.2.3``,
    ``[fd00::1]:8080``) or a network (``10.1.0.0/16``). A host that is listed may be anywhere, on any port (or the one
    listed) and speak plain http; so may a URL whose host is a listed address. A name that is not listed may have listed
    addresses, but keeps to https and ``ports``. ``trust`` replaces the certificate authorities of the system and of
    certifi. ``resolve`` replaces the system's resolver; it runs in threads.

    ``listed_in`` says in refusals where that list is.

    Proxies and ``.netrc`` are not taken from the environment, cookies not kept, redirects not followed. Raises
    ValueError for an entry of ``private`` that can't be read.
    """

    def __init__(
        self,
        *,
        private: Collection[str] = (),
        listed_in: str = "the setting outbound_private",
        ports: Collection[int] = (443,),
        user_agent: str = f"artdagd/{__version__}",
        trust: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._rules = AddressRules(private, ports, listed_in)
        self._user_agent = user_agent
        self._trust = trust
        self._resolve = resolve or _system
        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")
        self._closed = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        limit: int = 256 << 10,
        seconds: float = 10.0,
    ) -> OutboundAnswer:
        """Ask once. ``limit`` bounds the answer's body in bytes, ``seconds`` the whole of it: waiting for a place,
        resolving, connecting, sending and receiving.

        A 3xx is an answer like any other: to follow it, make another request, which the rules then check. Raises
        OutboundRefused for an address that the rules forbid, OutboundFailed if there is no whole answer, and ValueError
        for a method or header that can't be sent.
        """
        target = self._rules.target(url)
        sent = self._headers(method, target, headers, body)
        try:
            async with asyncio.timeout(seconds) as deadline, self._places:
                addresses = await self._addresses(target)
                trust = await self._in_thread(self._trusted, target)
                # Here, not above: it brings in httpcore, which a daemon that calls nobody does without.
                from artdagd.hooks.exchange import exchange

                return await exchange(
                    method, target, sent, body, addresses=addresses, trust=trust, limit=limit,
                    until=deadline.when() or 0.0,
                )  # fmt: skip
        except TimeoutError:
            raise OutboundFailed(f"{target.origin} did not answer in full within {seconds:g} s") from None

    async def close(self) -> None:
        """Take no more requests. Those under way go on within their time."""
        self._closed = True
        self._threads.shutdown(wait=False)

    async def _addresses(self, target: Target) -> tuple[Address, ...]:
        """All that the target's name has, checked; each once."""
        if target.address is not None:
            return (target.address,)
        try:
            found = await self._in_thread(self._resolve, target.host, target.port)
            addresses = tuple(dict.fromkeys(map(ip_address, found)))
        except (OSError, ValueError):
            addresses = ()
        if not addresses:
            raise OutboundFailed(f"{target.host} has no address: its name can't be resolved")
        self._rules.admit(target, addresses)
        return addresses

    def _trusted(self, target: Target) -> ssl.SSLContext | None:
        """Takes a tenth of a second the first time."""
        from httpcore import default_ssl_context

        if target.scheme == "https" and self._trust is None:
            self._trust = default_ssl_context()
        return self._trust

    async def _in_thread(self, function: Callable[..., Value], *arguments: object) -> Value:
        if self._closed:
            raise OutboundFailed("the node is stopping")
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _headers(
        self, method: str, target: Target, given: Mapping[str, str] | Sequence[tuple[str, str]], body: bytes
    ) -> list[tuple[bytes, bytes]]:
        if method not in _METHODS:
            raise ValueError(f"{method!r} is none of the methods {', '.join(sorted(_METHODS))}")
        headers = {"host": target.authority, "accept-encoding": "identity", "connection": "close"}
        if body or method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(body))
        pairs = list(headers.items())
        for name, value in given.items() if isinstance(given, Mapping) else given:
            if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"the header {name!r} holds characters that can't be sent")
            if name.lower() in _OURS or (name.lower() == "host" and value != target.authority):
                raise ValueError(f"the header {name!r} is set by the client itself")
            if name.lower() != "host":
                pairs.append((name, value))
        if not any(name.lower() == "user-agent" for name, _ in pairs):
            pairs.append(("user-agent", self._user_agent))
        return [(name.encode("ascii"), value.encode("ascii")) for name, value in pairs]


def _system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


__all__ = ["Outbound", "OutboundAnswer", "OutboundFailed", "OutboundRefused"]
