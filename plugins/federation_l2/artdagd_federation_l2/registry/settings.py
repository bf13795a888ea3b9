"""How one registry is set up."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from artdagd_federation_l2.registry.errors import Refused

_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """``home`` is a folder of the registry's own. ``domain`` is the part of people's names after the second ``@``;
    without one it is the host of ``public_url``, which without a word is the address that is listened on. ``private``
    are addresses that may be called beyond the public ones, as :class:`artdagd.hooks.Outbound` takes them; ``hosts``
    further names under which this registry is known."""

    home: Path
    domain: str = ""
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8200
    private: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def settled(self, listening: str) -> RegistrySettings:
        """The settings with nothing left open; ``listening`` is ``http://host:port``. Raises Refused."""
        url = checked_address(self.public_url or listening)
        domain = (self.domain or urlsplit(url).hostname or "").lower()
        if not _DOMAIN.fullmatch(domain):
            raise Refused(422, f"{domain!r} is no domain: give one such as art.example with --domain")
        return msgspec.structs.replace(self, public_url=url, domain=domain)


def checked_address(url: str) -> str:
    """``url`` without a slash at its end. Raises Refused for what is no plain http(s) address of a server."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Refused(422, f"{url[:200]!r} is no address") from None
    plain = re.fullmatch(r"[\x21-\x7e]{1,500}", url) and not set(url) & set("\\\"'<>^`{|};,@?#%")
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or url != url.strip():
        raise Refused(422, f"{url[:200]!r} is no address such as https://node.example")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def origin(url: str) -> str:
    """``scheme://host[:port]`` of an address, in small letters; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"
