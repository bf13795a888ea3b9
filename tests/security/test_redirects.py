"""F10: nothing that a stranger says leads elsewhere or becomes a header."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from nodes import running_node

from tests.security.redirects import PAYLOADS
from tests.security.together import together

SKIPPED = 31
"""In the fast suite each payload goes to one of so many places, another share than the one before it."""

ALLOWED = {
    "accept-ranges", "allow", "cache-control", "content-disposition", "content-length", "content-range",
    "content-security-policy", "content-type", "cross-origin-resource-policy", "cross-origin-opener-policy", "date",
    "etag", "location", "permissions-policy", "referrer-policy", "retry-after", "thumbnails", "transfer-encoding",
    "vary", "www-authenticate", "x-content-type-options", "x-frame-options", "connection", "upgrade",
    "strict-transport-security", "idempotency-key", "link",
}  # fmt: skip
"""Headers that a node's answers have."""

COOKIE = re.compile(r"(__Host-)?artdag_(session|state)(_[0-9]+)?=[\w.-]*(; [A-Za-z-]+(=[\w:, /-]+)?)*")

RUN = '{"effect": "blur", "inputs": ["bafkqaaa"]}'


@dataclass(frozen=True)
class Place:
    """A parameter of a route. In the target and the body ``{}`` is the payload, percent-encoded; in the target
    ``{raw}`` is it as it is, in the body ``{json}`` as a string, and ``{token}`` is a good token."""

    method: str
    target: str
    header: str = ""
    body: str = ""


PLACES = (
    Place("GET", "{raw}"),
    Place("GET", "/{raw}"),
    Place("GET", "/{}"),
    Place("GET", "//{raw}"),
    Place("GET", "/runs/{}"),
    Place("GET", "/runs/{raw}/"),
    Place("DELETE", "/recipes/{}"),
    Place("POST", "/runs/{}/retry"),
    Place("GET", "/recipes/{}"),
    Place("GET", "/recipe/{}"),
    Place("GET", "/run/{}"),
    Place("GET", "/api/run/{}/events"),
    Place("GET", "/cache/{}"),
    Place("GET", "/cache/{}/raw"),
    Place("GET", "/cache/{}/mp4"),
    Place("GET", "/ipfs/{}"),
    Place("GET", "/ipfs/{raw}"),
    Place("GET", "/ipfs/{}/raw"),
    Place("GET", "/storage/type/{}"),
    Place("GET", "/static/{}"),
    Place("GET", "/static/{raw}"),
    Place("GET", "/?next={}"),
    Place("GET", "/docs?next={}"),
    Place("GET", "/logout?next={}"),
    Place("GET", "/logout", "Host"),
    Place("GET", "/logout", "Cookie"),
    Place("GET", "/auth?next={}"),
    Place("GET", "/auth?auth_token={}&next={}"),
    Place("GET", "/auth?auth_token=x&state={}&return_to={}"),
    Place("GET", "/auth", "Cookie"),
    Place("GET", "/auth/start?next={}"),
    Place("POST", "/auth", body='{"token": "{token}", "next": {json}}'),
    Place("POST", "/auth", body="token={token}&next={}"),
    Place("POST", "/auth", "Host", '{"token": "{token}"}'),
    Place("POST", "/auth/login-address", "Host"),
    Place("DELETE", "/auth/tokens/{}"),
    Place("GET", "/media?q={}"),
    Place("GET", "/runs?recipe={}"),
    Place("GET", "/download/client?next={}"),
    Place("GET", "/docs", "Host"),
    Place("GET", "/", "Host"),
    Place("GET", "/download/client", "Host"),
    Place("GET", "/nothing", "Host"),
    Place("POST", "/runs", "Host", RUN),
    Place("GET", "/docs", "X-Forwarded-Host"),
    Place("GET", "/docs", "X-Forwarded-Proto"),
    Place("GET", "/docs", "Forwarded"),
    Place("GET", "/docs", "X-Original-URL"),
    Place("GET", "/runs", "Origin"),
    Place("GET", "/", "Referer"),
    Place("GET", "/", "Accept"),
    Place("GET", "/nothing", "Accept-Language"),
    Place("GET", "/docs", "If-None-Match"),
    Place("GET", "/cache/bafkqaaa/raw", "Range"),
    Place("GET", "/api/run/x/events", "Last-Event-ID"),
    Place("POST", "/runs", "Idempotency-Key", RUN),
    Place("POST", "/api/run-recipe", "Idempotency-Key", '{"recipe_yaml": "name: x"}'),
    Place("POST", "/recipes/upload", "Content-Type", "name: x"),
    Place("POST", "/cache/upload", "Content-Type", "name: x"),
    Place("GET", "/runs", "Authorization"),
    Place("OPTIONS", "/runs", "Access-Control-Request-Method"),
)
"""A new route or parameter is a line here."""


@dataclass(frozen=True)
class Raw:
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        yield person.http


async def sent(http: httpx.AsyncClient, place: Place, payload: str) -> Raw:
    """The answer to a request that is written by hand, so that no client makes it harmless."""
    target = place.target.replace("{raw}", payload.replace(" ", "%20")).replace("{}", quote(payload, safe=""))
    host = f"{http.base_url.host}:{http.base_url.port}"
    headers = {"Host": host, "Authorization": http.headers["Authorization"], "Connection": "close"}
    body = place.body.replace("{token}", http.headers["Authorization"].partition(" ")[2])
    body = body.replace("{json}", json.dumps(payload)).replace("{}", quote(payload, safe=""))
    if body:
        kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
        headers |= {"Content-Type": kind, "Content-Length": str(len(body))}
    if place.header:
        headers[place.header] = payload
    lines = [f"{place.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = "\r\n".join([*lines, "", body]).encode()
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            answer = await reader.read()
    finally:
        writer.close()
    return read(answer)


def read(answer: bytes) -> Raw:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Raw(int(status.split()[1]), headers, body)


def faults(answer: Raw, base: str) -> list[str]:
    """What is wrong with an answer."""
    found = [f"{name}: {value}" for name, value in answer.headers if name not in ALLOWED | {"set-cookie"}]
    found += [f"set-cookie: {value}" for value in answer.all("set-cookie") if not COOKIE.fullmatch(value)]
    found += [f"{name}: {value!r}" for name, value in answer.headers if not (value.isprintable() and value.isascii())]
    found += [f"two of {name}" for name in ("location", "content-type", "content-length") if len(answer.all(name)) > 1]
    if answer.status >= 500 and answer.status != 503:  # what is not set up, such as a sign-in elsewhere
        found.append(f"{answer.status} {answer.body[:200]!r}")
    for location in answer.all("location"):
        there, here = urlsplit(urljoin(base, location.replace("\\", "/"))), urlsplit(base)
        if not location.startswith("/") or (there.scheme, there.netloc) != (here.scheme, here.netloc):
            found.append(f"location: {location}")
    for length in answer.all("content-length"):
        # What is more is a second answer.
        if len(answer.body) not in (int(length), 0):
            found.append(f"{len(answer.body)} bytes of {length}")
    return found


@pytest.mark.parametrize("skipped", [SKIPPED, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
async def test_no_parameter_leads_elsewhere_or_becomes_a_header(
    http: httpx.AsyncClient, docs_operations: str, skipped: int
):
    """Every payload at every place."""
    assert len(PAYLOADS) >= 80
    assert f"| {len(PAYLOADS)} × {len(PLACES)} |" in docs_operations
    wrong = []
    for index, payload in enumerate(PAYLOADS):
        for place in PLACES[index % skipped :: skipped]:
            answer = await sent(http, place, payload)
            wrong += [f"{place} {payload!r}: {fault}" for fault in faults(answer, str(http.base_url))]
    assert wrong == [], "\n".join(wrong)
    good = await sent(http, next(place for place in PLACES if "{json}" in place.body), "/runs")
    assert good.all("location") == ["/runs"], "a sign-in goes on where it was told"


async def test_no_file_name_becomes_a_header(http: httpx.AsyncClient):
    found = await together(named(http, *each) for each in enumerate(PAYLOADS))
    assert [fault for one in found for fault in one] == []


async def named(http: httpx.AsyncClient, index: int, payload: str) -> list[str]:
    """What is wrong with the answer that gives back a file of this name."""
    about = f'Content-Disposition: form-data; name="file"; filename="{payload}"'
    body = f"--b\r\n{about}\r\n\r\n{index}\r\n--b--\r\n".encode()
    kept = await http.post("/cache/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    if kept.status_code == 400:
        return []
    assert kept.status_code == 201, (payload, kept.text)
    answer = await sent(http, Place("GET", f"/cache/{kept.json()['cid']}/raw"), "")
    found = faults(answer, str(http.base_url))
    if answer.status != 200 or not answer.all("content-disposition")[0].startswith("attachment; filename="):
        found.append(f"{answer.status} {answer.headers}")
    return [f"{payload!r}: {fault}" for fault in found]


def test_a_fault_is_seen():
    base = "http://127.0.0.1:8100"
    for line in ("X-Injected: 1", "Location: //evil.example", "Location: /\\evil.example", "Location: x",
                 "Location: https:evil.example", "Set-Cookie: a=b", "ETag: a\x0bb", "Content-Length: 1"):  # fmt: skip
        assert faults(read(f"HTTP/1.1 200 OK\r\n{line}\r\n\r\nab".encode()), base), line
    assert faults(read(b"HTTP/1.1 202 OK\r\nLocation: /runs/1\r\nContent-Length: 2\r\n\r\nab"), base) == []
