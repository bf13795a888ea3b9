"""Which IPFS node, and how its RPC is reached."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

_SECRET: dict[str, Any] = {"writeOnly": True}

_MULTIADDR = re.compile(
    r"/(?:ip4/(?P<ip4>[0-9.]+)|ip6/(?P<ip6>[0-9A-Fa-f:.]+)|dns[46]?/(?P<dns>[A-Za-z0-9_.-]+))"
    r"/tcp/(?P<port>[0-9]{1,5})(?P<scheme>/https?|/tls/http)?/?"
)
_UNIX = re.compile(r"/unix(?P<path>/[^\0]+)")


class Place(msgspec.Struct, frozen=True):
    """Where the RPC listens: the address of its commands, and the socket that leads there, if it is a Unix one."""

    url: str
    socket: str = ""


class IpfsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The RPC of a Kubo node. Raises ValueError for an ``api`` that is no address."""

    api: Annotated[
        str,
        Meta(
            max_length=2048,
            description="Where the RPC is: a multiaddr such as /dns/localhost/tcp/5001 or /unix/run/ipfs.sock, "
            "or http://localhost:5001",
        ),
    ] = "/dns/localhost/tcp/5001"
    authorization: Annotated[
        str,
        Meta(
            pattern=r"\A[\x20-\x7e]*\Z",
            max_length=4096,
            description="Value of the Authorization header (Bearer …, Basic …), if the node asks for one",
            extra_json_schema=_SECRET,
        ),
    ] = ""
    pin_name: Annotated[
        str,
        Meta(
            pattern=r"\A[\x21-\x7e]{1,100}\Z",
            description="Name of our pins; pins of other names are left alone, and seen as not kept",
        ),
    ] = "artdagd"
    remove_blocks: Annotated[
        bool, Meta(description="Delete the blocks of a blob that is deleted; else the node's own collection does")
    ] = True

    def __post_init__(self) -> None:
        place_of(self.api)

    @property
    def place(self) -> Place:
        return place_of(self.api)

    @property
    def where(self) -> str:
        """The node, for messages."""
        return f"the IPFS node at {self.api}"

    def __repr__(self) -> str:
        return f"IpfsConfig(api={self.api!r})"  # no secret in a log


def place_of(api: str) -> Place:
    """Where ``api`` leads. Raises ValueError."""
    if found := _UNIX.fullmatch(api):
        return Place("http://ipfs", found["path"])
    if "@" in api:
        raise ValueError("the address of an IPFS RPC holds no password: use authorization")
    if found := _MULTIADDR.fullmatch(api):
        host = f"[{found['ip6']}]" if found["ip6"] else found["ip4"] or found["dns"]
        scheme = "https" if found["scheme"] in ("/https", "/tls/http") else "http"
        return Place(_checked(f"{scheme}://{host}:{int(found['port'])}", api))
    if api.startswith(("http://", "https://")):
        return Place(_checked(api.rstrip("/"), api))
    raise ValueError(f"{api!r} is no address of an IPFS RPC: write /dns/localhost/tcp/5001 or http://localhost:5001")


def _checked(url: str, api: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port  # raises ValueError beyond 65535
    except ValueError:
        raise ValueError(f"{api!r} has no valid host and port") from None
    if not parts.hostname or port == 0 or parts.path or parts.query or parts.fragment or not url.isprintable():
        raise ValueError(f"{api!r} is more, or less, than a scheme, a host and a port")
    return url
