"""Which addresses the node may call: URLs taken apart strictly, and what the operator allows beyond the public ones.

One reading of a URL decides what is checked, what is connected to and what is sent, so that no second parser can see
another host in it. Names are not resolved here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import msgspec

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LONGEST = 8192
"""Characters of a URL."""

_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\"<>^`{|}]")
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")

# What IANA's registries of special-purpose addresses (RFC 6890 and its successors) and of multicast hold that is no
# address of a server out there. Python 3.11 calls some of these global.
_SPECIAL_4 = tuple(
    IPv4Network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
# Of IPv6, unicast addresses are given out from 2000::/3 alone (RFC 4291); in it lie Teredo, ORCHID and other protocols
# (2001::/23), examples (RFC 3849, RFC 9637) and 6to4, which carries any IPv4 address (RFC 3056).
_UNICAST_6 = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


class OutboundRefused(Exception):
    """The rules forbid this address. The text says which rule, and what allows it; it holds no path and no query."""


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address without brackets, is this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet.

    An IPv4 address inside NAT64's prefix (RFC 6052) counts as itself, as networks without IPv4 need it; every other
    way to write one IPv4 address into an IPv6 address is not public, whatever it holds.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _UNICAST_6 and not any(address in network for network in _SPECIAL_6)


class Target(msgspec.Struct, frozen=True):
    """Where a URL leads. ``host`` is ASCII, in lower case, without brackets; ``path`` has the query, not the fragment.
    ``address`` is set if the host is one."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """As in the header ``Host``: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @classmethod
    def of(cls, url: str) -> Target:
        """Raises OutboundRefused for what is no plain http or https URL by RFC 3986, or is written in an odd way."""
        if len(url) > LONGEST:
            raise OutboundRefused(f"an address has {LONGEST} characters at most")
        if _FORBIDDEN.search(url):
            raise OutboundRefused("the address holds a space, a control character or another that has to be encoded")
        scheme, separator, rest = url.partition("://")
        scheme = scheme.lower()
        if not separator or scheme not in _PORTS:
            raise OutboundRefused("the address does not begin with https://")
        end = min((found for mark in "/?#" if (found := rest.find(mark)) >= 0), default=len(rest))
        authority, path = rest[:end], rest[end:].partition("#")[0]
        if "@" in authority:
            raise OutboundRefused("the address holds a user name or password: send credentials in a header")
        if rest[end:] and not path.startswith("/"):
            raise OutboundRefused("the address needs a / between host and ? or #")
        if not path.isascii():
            raise OutboundRefused("the path of the address is not ASCII: percent-encode it")
        host, port = _split(authority)
        host, address = _host(host)
        return cls(scheme, host, _port(port) if port is not None else _PORTS[scheme], path or "/", address)


def _split(authority: str) -> tuple[str, str | None]:
    """Host and port; an IPv6 address keeps its brackets."""
    bracket = authority.rfind("]") + 1
    host, colon, port = authority[bracket:].partition(":")
    return authority[:bracket] + host, port if colon else None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise OutboundRefused("the port of the address is no number from 1 to 65535")
    return int(text)


def _host(text: str) -> tuple[str, Address | None]:
    if text.startswith("[") and text.endswith("]"):
        try:
            six = IPv6Address(text[1:-1])
        except ValueError:
            raise OutboundRefused("what is in brackets is no IPv6 address") from None
        if six.scope_id is not None:
            raise OutboundRefused("the address names a network interface")
        return str(six), six
    name = text.lower() if text.isascii() else _ascii(text)
    if not _NAME.fullmatch(name):
        raise OutboundRefused("the host is no name of letters, digits, - and dots between them")
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name, None
    # As browsers do (WHATWG URL): a name that ends in a number is an IPv4 address, or nothing. getaddrinfo would take
    # 2130706433, 0177.1 and 0x7f.1 as well.
    try:
        four = IPv4Address(name)
    except ValueError:
        raise OutboundRefused("an IPv4 address is written as four decimal numbers") from None
    return name, four


def _ascii(text: str) -> str:
    """A name in other scripts as IDNA 2008 encodes it (RFC 5891), without mapping look-alikes of ASCII to it."""
    import idna

    try:
        if len(text) > 253 or _OTHER_DOTS.search(text):
            raise idna.IDNAError
        return idna.encode(text.lower()).decode("ascii")
    except UnicodeError:  # IDNAError is one
        raise OutboundRefused("the host of the address is no valid international name (IDNA 2008)") from None


class AddressRules:
    """https on ``ports`` to public addresses, and whatever ``private`` lists: see :class:`artdagd.hooks.Outbound`.

    Raises ValueError for an entry of ``private`` that names no host, address or network.
    """

    def __init__(
        self, private: Collection[str], ports: Collection[int], listed_in: str = "the setting outbound_private"
    ) -> None:
        self._listed_in = listed_in
        self._ports = frozenset(ports)
        self._names: set[tuple[str, int | None]] = set()
        self._networks: list[tuple[Network, int | None]] = []
        for entry in private:
            self._allow(entry)

    def target(self, url: str) -> Target:
        """The URL, taken apart. Raises OutboundRefused for what is forbidden whatever the name resolves to."""
        target = Target.of(url)
        if self._is_listed(target):
            return target
        if target.scheme != "https":
            raise OutboundRefused(f"{target.origin} is not https. {self._remedy(target)}")
        if target.port not in self._ports:
            ports = ", ".join(map(str, sorted(self._ports)))
            raise OutboundRefused(f"{target.origin} is on another port than {ports}. {self._remedy(target)}")
        if target.address is not None:
            self.admit(target, (target.address,))
        return target

    def admit(self, target: Target, addresses: Iterable[Address]) -> None:
        """Raises OutboundRefused if any of the addresses that the target's name has is forbidden."""
        if self._is_listed(target):
            return
        for address in addresses:
            if not is_public(address) and not self._holds(address, target.port):
                raise OutboundRefused(
                    f"{target.origin} leads to a private, loopback or other address that is not of the public "
                    f"internet. {self._remedy(target)}"
                )

    def allow(self, host: str, port: int, addresses: Collection[str]) -> None:
        """For clients other than :class:`artdagd.hooks.Outbound`: raises OutboundRefused unless ``host``, a name or an
        IP address that has these IP ``addresses``, may be connected to on ``port``.

        To be asked for every connection, after the name was resolved: of what a URL says alone, a second answer of the
        DNS or a redirection makes something else.
        """
        found = [ip_address(one) for one in addresses]
        target = Target("https", host, port, "/", found[0] if found and host in addresses else None)
        if not self._is_listed(target) and port not in self._ports:
            ports = ", ".join(map(str, sorted(self._ports)))
            raise OutboundRefused(f"{target.origin} is on another port than {ports}. {self._remedy(target)}")
        self.admit(target, found)

    def _remedy(self, target: Target) -> str:
        host = f"[{target.host}]" if ":" in target.host else target.host
        return f"If it shall be called, list {host}:{target.port} in {self._listed_in}."

    def _is_listed(self, target: Target) -> bool:
        if target.address is not None:
            return self._holds(target.address, target.port)
        return not self._names.isdisjoint({(target.host, None), (target.host, target.port)})

    def _holds(self, address: Address, port: int) -> bool:
        return any(address in network and only in (None, port) for network, only in self._networks)

    def _allow(self, entry: str) -> None:
        try:
            if "/" in entry:
                self._networks.append((ip_network(entry), None))
                return
            if entry.count(":") > 1 and not entry.startswith("["):
                self._networks.append((ip_network(ip_address(entry)), None))
                return
            text, digits = _split(entry)
            port = _port(digits) if digits is not None else None
            host, address = _host(text)
        except (ValueError, OutboundRefused) as error:
            raise ValueError(f"{entry!r} is no host, HOST:PORT, IP address or network (10.1.0.0/16): {error}") from None
        if address is None:
            self._names.add((host, port))
        else:
            self._networks.append((ip_network(address), port))
