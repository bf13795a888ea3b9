"""Who may ask at all: host names, origins, cookies (RFC 6265bis), proof that a browser's user meant it."""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
from urllib.parse import urlsplit

from quart import Request, Response

from artdagd.auth.authority import Authority
from artdagd.auth.principal import Principal
from artdagd.auth.sessions import csrf_token
from artdagd.errors import ArtdagError, Forbidden, Unauthorized, Unavailable
from artdagd.hooks.addresses import is_loopback
from artdagd.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"

STATE_SECONDS = 600

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_PORTS = {"http": 80, "https": 443}


class Misdirected(ArtdagError):
    """The request names a host that this node is not known by: a page elsewhere may have pointed its name here."""

    status = 421
    title = "Not this host"


class Guard:
    """The rules of one node."""

    def __init__(self, settings: Settings, authority: Authority) -> None:
        self._authority = authority
        public = urlsplit(settings.public_url)
        self._public = _origin(public.scheme, public.hostname or "", public.port) if public.hostname else ""
        self._secure = public.scheme == "https"
        ours = ("localhost", *settings.allowed_hosts, public.hostname, urlsplit(settings.worker_url).hostname)
        self._names = {_plain(name) for name in ours if name}
        self._open = not is_loopback(settings.host)
        if self._open:
            self._names |= {_plain(socket.gethostname()), _plain(settings.host)}

    def check_host(self, request: Request) -> None:
        """Raises Misdirected for a name that is not ours. An address can't be pointed elsewhere, so that any does."""
        host = _host(request)[0]
        if host in self._names or (_is_address(host) and (self._open or is_loopback(host))):
            return
        raise Misdirected(
            f"this node is not known as {host[:100]!r}", advice="Add the name to ARTDAG_ALLOWED_HOSTS or L1_PUBLIC_URL."
        )

    async def caller(self, request: Request) -> Principal | None:
        """Who asks, by bearer token or else by cookie; None for nobody. Raises Unauthorized, or TooBusy for too many
        wrong tokens."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            cookie = self._cookie(request)
            return await self._authority.of_session(cookie) if cookie else None
        try:
            if scheme.lower() != "bearer" or not token.strip():
                raise Unauthorized("this takes `Authorization: Bearer TOKEN`")
            return await self._authority.authenticate(token.strip())
        except Unauthorized:
            self._authority.attempts.failed(request.remote_addr or "")
            raise

    async def visitor(self, request: Request) -> Principal | None:
        """Whose good session it is, on what is open to everybody, also while the database does not answer."""
        cookie = self._cookie(request)
        try:
            return await self._authority.of_session(cookie) if cookie else None
        except (Unauthorized, Unavailable):
            return None

    def check_meant(self, request: Request, who: Principal, proof: str | None) -> None:
        """A browser sends its cookie with whatever any page tells it to. Raises Forbidden unless our own page, which
        alone knows the session's ``proof``, asked for a change."""
        if not who.session or request.method in SAFE:
            return
        self.check_own(request)
        if not hmac.compare_digest(self.csrf(request).encode(), (proof or "").encode(errors="replace")):
            raise Forbidden(
                f"a change by a browser needs the session's {CSRF_FIELD}",
                advice=f"Send it as {CSRF_HEADER} or as the form's field {CSRF_FIELD}; GET /auth/session tells it.",
            )

    def check_own(self, request: Request) -> None:
        """Raises Forbidden if a page of another origin sent this."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        by_site = site in (None, "same-origin", "none")
        if not (by_site if origin is None else _read(origin) in self._origins(request)):
            raise Forbidden(f"{request.method} {request.path} was sent by a page of another origin")

    def from_elsewhere(self, request: Request, *, unless_said: bool = False) -> bool:
        """Whether a browser says that a page of another origin sent it here; ``unless_said`` is what is taken of one
        that doesn't say: browsers speak of it to TLS and loopback alone (Fetch Metadata, section 2)."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is None:
            return unless_said and "text/html" in request.headers.get("Accept", "")
        return site in ("cross-site", "same-site")

    def csrf(self, request: Request) -> str:
        """The proof for the forms of this session's pages."""
        return csrf_token(self._cookie(request))

    def session_cookie(self, request: Request) -> str:
        """The name of the cookie that a session is in."""
        return self._name(request, "session")

    def state(self, request: Request) -> str | None:
        """The state with which this browser was sent away to sign in."""
        return request.cookies.get(self._name(request, "state"))

    def keep(self, response: Response, request: Request, name: str, value: str, seconds: float) -> None:
        """Set the cookie ``name`` (``session`` or ``state``); an empty value takes it away."""
        response.set_cookie(
            self._name(request, name),
            value,
            max_age=max(0, int(seconds)),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )

    def _cookie(self, request: Request) -> str:
        return request.cookies.get(self.session_cookie(request), "")

    def _name(self, request: Request, name: str) -> str:
        # Cookies know no ports: without TLS, nodes and registries of one machine would take each other's.
        if self._secure:
            return f"__Host-artdag_{name}"
        return f"artdag_{name}_{_host(request)[1] or 80}"

    def _origins(self, request: Request) -> set[str]:
        """Of our own pages. What is public by TLS has none without it: somebody on the way would have made them."""
        host, port = _host(request)
        own = {self._public, _origin("https", host, port)} - {""}
        return own if self._secure and not is_loopback(host) else own | {_origin("http", host, port)}


def _host(request: Request) -> tuple[str, int | None]:
    """Name or address, and port, of the Host that a request names; an empty one for what is none (RFC 9110, 7.2)."""
    return _parts(request.headers.get("Host", "")) or ("", None)


def _parts(text: str) -> tuple[str, int | None] | None:
    match = _HOST.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65535:
        return None
    return _plain(match["name"]), int(match["port"]) if match["port"] else None


def _read(origin: str) -> str:
    """An ``Origin`` as :func:`_origin` writes it; empty for ``null`` and what is none."""
    scheme, _, rest = origin.partition("://")
    parts = _parts(rest)
    return _origin(scheme.lower(), *parts) if parts else ""


def _plain(name: str) -> str:
    """A host's name as it is compared."""
    return name.lower().rstrip(".").removeprefix("[").removesuffix("]")


def _origin(scheme: str, host: str, port: int | None) -> str:
    """As a browser writes it in ``Origin`` (RFC 6454, section 6.1): without the port that its scheme implies."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port in (None, _PORTS.get(scheme)) else f"{scheme}://{name}:{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
