"""Hosts, origins and cookies: what is ours behind a TLS proxy, on other ports, written otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from quart import Quart, Request, Response

from artdagd.api.guard import Guard, Misdirected
from artdagd.auth.principal import Principal
from artdagd.auth.sessions import csrf_token
from artdagd.errors import Forbidden
from artdagd.settings import Settings

SOMEBODY = Principal("ann", session=True)


def guard(**settings: Any) -> Guard:
    return Guard(Settings(**settings), authority=None)  # type: ignore[arg-type]


async def asked(check: Any, **headers: str) -> None:
    """``check`` of a POST with ``headers``."""
    app = Quart("test")
    async with app.test_request_context("/runs", method="POST", headers=headers) as context:
        context.request.headers = type(context.request.headers)(headers)  # also without a Host, or with a wrong one
        check(context.request)


HTTPS = {"public_url": "https://Node.Example:443/"}
OTHER_PORT = {"public_url": "https://node.example:8443"}


@pytest.mark.parametrize(
    ("settings", "host", "known"),
    [
        ({}, "localhost", True), ({}, "LocalHost.:8100", True), ({}, "127.0.0.1:1", True), ({}, "[::1]", True),
        ({}, "[::1]:8100", True), ({}, "10.0.0.1", False), ({}, "node.example", False), ({}, "", False),
        ({}, "localhost@evil.test", False), ({}, "evil.test@localhost", False), ({}, "localhost/evil", False),
        ({}, "localhost:80:80", False), ({}, "localhost:65536", False), ({}, "localhost:", False), ({}, "::1", False),
        ({}, "localhost?", False), ({}, "localhost#x", False), ({}, "local host", False), ({}, "localhost;a=b", False),
        ({}, "127.0.0.1.evil.test", False), ({}, "localhost.evil.test", False), ({}, "0x7f.1", False),
        (HTTPS, "node.example", True), (HTTPS, "NODE.EXAMPLE.", True), (HTTPS, "node.example:8100", True),
        (HTTPS, "127.0.0.1:8100", True), (HTTPS, "a.node.example", False), (HTTPS, "10.0.0.1", False),
        ({"host": "0.0.0.0"}, "10.0.0.1", True), ({"host": "0.0.0.0"}, "[fe80::1]:80", True),
        ({"host": "0.0.0.0"}, "evil.test", False), ({"host": "render.lan"}, "Render.LAN:8100", True),
        ({"allowed_hosts": ("Art.Example.",)}, "art.example", True),
    ],
)  # fmt: skip
async def test_hosts(settings: dict[str, Any], host: str, known: bool):
    made = guard(**settings)
    if known:
        await asked(made.check_host, Host=host)
    else:
        with pytest.raises(Misdirected):
            await asked(made.check_host, Host=host)


@pytest.mark.parametrize(
    ("settings", "host", "origin", "own"),
    [
        ({}, "localhost:8100", "http://localhost:8100", True), ({}, "localhost:8100", "http://localhost:8101", False),
        ({}, "localhost:8100", "http://localhost", False), ({}, "localhost:8100", "http://127.0.0.1:8100", False),
        ({}, "localhost", "http://localhost", True), ({}, "localhost:80", "http://localhost", True),
        ({}, "LOCALHOST:8100", "http://localhost:8100", True), ({}, "localhost.:8100", "http://localhost.:8100", True),
        ({}, "[::1]:8100", "http://[::1]:8100", True), ({}, "[::1]:8100", "http://[::2]:8100", False),
        ({}, "localhost", "null", False), ({}, "localhost", "", False), ({}, "localhost", "file://", False),
        ({}, "localhost", "http://localhost@evil.test", False), ({}, "localhost", "http://localhost.evil.test", False),
        (HTTPS, "127.0.0.1:8100", "https://node.example", True),  # a proxy that writes its own Host
        (HTTPS, "node.example", "https://node.example", True),  # one that keeps it
        (HTTPS, "node.example", "http://node.example", False),  # made by somebody on the way
        (HTTPS, "node.example", "https://evil.example", False),
        (HTTPS, "node.example", "https://a.node.example", False),
        (HTTPS, "127.0.0.1:8100", "http://127.0.0.1:8100", True),  # its operator, on the machine itself
        (OTHER_PORT, "127.0.0.1:8100", "https://node.example:8443", True),
        (OTHER_PORT, "127.0.0.1:8100", "https://node.example", False),
    ],
)  # fmt: skip
async def test_origins(settings: dict[str, Any], host: str, origin: str, own: bool):
    made = guard(**settings)
    if own:
        await asked(made.check_own, Host=host, Origin=origin)
    else:
        with pytest.raises(Forbidden):
            await asked(made.check_own, Host=host, Origin=origin)


@pytest.mark.parametrize(
    ("settings", "host", "name"),
    [
        ({}, "localhost:8100", "artdag_session_8100"), ({}, "localhost", "artdag_session_80"),
        ({}, "[::1]:81", "artdag_session_81"), ({}, "[::1]", "artdag_session_80"),
        (HTTPS, "127.0.0.1:8100", "__Host-artdag_session"), (HTTPS, "node.example", "__Host-artdag_session"),
    ],
)  # fmt: skip
async def test_cookies(settings: dict[str, Any], host: str, name: str):
    made, response = guard(**settings), Response("")
    await asked(lambda request: made.keep(response, request, "session", "text", 60), Host=host)
    (cookie,) = response.headers.getlist("Set-Cookie")
    given, *rest = cookie.split("; ")
    assert given == f"{name}=text"
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=60"} <= set(rest)
    assert ("Secure" in rest) == name.startswith("__Host-")
    assert not any(part.lower().startswith("domain") for part in rest)


async def test_a_proof_is_of_one_session():
    made = guard()
    cookie = "artdag_session_80=mine"

    def meant(request: Request, proof: str | None) -> None:
        made.check_meant(request, SOMEBODY, proof)

    await asked(lambda request: meant(request, csrf_token("mine")), Host="localhost", Cookie=cookie)
    for proof in (None, "", csrf_token("yours"), csrf_token("mine").upper(), "é"):
        with pytest.raises(Forbidden):
            await asked(lambda request, proof=proof: meant(request, proof), Host="localhost", Cookie=cookie)  # type: ignore[misc]
