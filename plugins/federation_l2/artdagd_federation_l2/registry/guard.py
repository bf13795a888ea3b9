"""Who may ask at all: host names, origins, cookies (RFC 6265bis), proof that a browser's user meant it."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from quart import Request, Response

from artdagd.hooks import is_loopback
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.secrets import TEXT_MAX, proof
from artdagd_federation_l2.registry.settings import RegistrySettings

FIELD = "csrf_token"


class Guard:
    """The rules of one registry, whose settings are settled."""

    def __init__(self, settings: RegistrySettings) -> None:
        public = urlsplit(settings.public_url)
        self._secure = public.scheme == "https"
        self._port = public.port or (443 if self._secure else 80)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._open = not is_loopback(settings.host)
        self._names = {"localhost", public.hostname, *map(str.lower, settings.hosts)}

    def check_host(self, request: Request) -> None:
        """Raises Refused for a name that is not ours. An address can't be pointed elsewhere, so that any does."""
        try:
            parts = urlsplit(f"//{request.headers.get('Host', '')}")
            host, _ = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            host = ""
        if host not in self._names and not (_is_address(host) and (self._open or is_loopback(host))):
            raise Refused(421, f"this registry is not known as {host[:100]!r}: add the name with --allow-host")

    def check_meant(self, request: Request, name: str, shown: str | None) -> None:
        """Raises Refused unless a page of ours sent this form, to whoever has the cookie ``name``."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        own = {self._origin, f"http://{request.host}", f"https://{request.host}"}
        if site not in (None, "same-origin", "none") or (origin is not None and origin not in own):
            raise Refused(403, f"{request.method} {request.path} was sent by a page of another origin")
        cookie = self.cookie(request, name)
        if not cookie or not hmac.compare_digest(proof(cookie).encode(), (shown or "").encode(errors="replace")):
            raise Refused(403, "this form is not of this browser, or too old: open the page again")

    def cookie(self, request: Request, name: str) -> str:
        """``session``, or ``visit`` of who is not signed in; empty without one."""
        value = request.cookies.get(self._name(name), "")
        return value if len(value) <= TEXT_MAX else ""

    def keep(self, response: Response, name: str, value: str, seconds: float) -> None:
        """Set a cookie; an empty value takes it away."""
        response.set_cookie(
            self._name(name),
            value,
            max_age=max(0, int(seconds)) if value else 0,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )

    def _name(self, name: str) -> str:
        # Cookies know no ports: without TLS, nodes and registries of one machine would take each other's.
        if self._secure:
            return f"__Host-artdag_registry_{name}"
        return f"artdag_registry_{name}_{self._port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
