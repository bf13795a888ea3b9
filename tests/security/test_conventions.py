"""What holds of every answer, whatever is asked: over all routes, and over what is no route."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from security.world import SAFE, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERS = {
    "x-content-type-options": re.compile("nosniff"),
    "x-frame-options": re.compile("DENY"),
    "referrer-policy": re.compile("no-referrer|same-origin"),
    "content-security-policy": re.compile("(sandbox; )?default-src 'none'.*"),
    "cache-control": re.compile(
        "no-store|no-cache.*|private, no-cache|private, max-age=31536000, immutable|public, max-age=300"
    ),
}
"""Headers of every answer, and what they may say."""

NOWHERE = ("/nothing", "/runs/", "/cache/x/y/z", "/%00", "/RUNS", "/static/none.css", "/static/../x", "/api/")
"""Paths that are no route: a trailing slash and another case make another path."""


def faults(answer: httpx.Response, accept: str) -> list[str]:
    """What an answer lacks."""
    found = [
        f"{name}: {answer.headers.get(name)}"
        for name, may in HEADERS.items()
        if not may.fullmatch(answer.headers.get(name, ""))
    ]
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400 and answer.request.method != "HEAD" and answer.status_code != 416:
        if kind.startswith("text/html"):
            if "text/html" not in accept or answer.request.url.path.startswith("/api/"):
                found.append("a page for who did not ask for one")
        elif kind != "application/problem+json":
            found.append(f"an error as {kind}")
        elif not {"type", "title", "status", "detail"} <= set(problem := answer.json()):
            found.append(f"no problem: {problem}")
        elif problem["status"] != answer.status_code:
            found.append(f"says {problem['status']}")
    if answer.status_code == 405 and not answer.headers.get("allow"):
        found.append("no Allow")
    if answer.status_code == 401 and "www-authenticate" not in answer.headers:
        found.append("no WWW-Authenticate")
    if answer.status_code in (429, 503) and "retry-after" not in answer.headers:
        found.append("no Retry-After")
    if kind.startswith("text/html") and "accept" not in answer.headers.get("vary", "").lower():
        found.append("a page without Vary: Accept")
    return found


async def test_every_answer_keeps_to_the_rules(world: World):
    """Each route with and without a token, as JSON and as a page, with each method that it has and has not."""
    found, tried = [], 0
    for path, methods in world.document["paths"].items():
        filled = path
        for name, value in world.shared.items():
            filled = filled.replace(f"{{{name}}}", value)
        for accept in ("application/json", "text/html"):
            for shown in ({}, world.owner.headers):
                for method in ("GET", "HEAD", "OPTIONS", "PUT", "SPAM") if shown else ("GET",):
                    if method == "GET" and "/logout" in path:
                        continue
                    headers = {"Accept": accept, **{key: shown[key] for key in ("authorization",) if key in shown}}
                    answer = await world.http.request(method, filled, headers=headers)
                    tried += 1
                    told = faults(answer, accept)
                    if method.lower() not in methods and method != "HEAD" and answer.status_code < 400:
                        told.append(f"{answer.status_code} for a method that it has not")
                    found += [f"{method} {filled} ({accept}): {answer.status_code}: {one}" for one in told]
    assert found == [], "\n".join(found)
    assert tried > 700


async def test_head_is_get_without_its_body(world: World):
    for method, path, operation in world.operations:
        if method not in SAFE or operation["operationId"] in ("follow_run", "log_out", "begin_sign_in", "show_metrics"):
            continue
        for name, value in world.shared.items():
            path = path.replace(f"{{{name}}}", value)
        head = await world.admin.head(path)
        get = await world.admin.get(path)
        assert head.status_code == get.status_code, path
        assert head.content == b"", path
        assert head.headers["content-type"] == get.headers["content-type"] if "content-type" in get.headers else True, (
            path
        )


async def test_what_is_no_route_is_a_problem(world: World):
    for path in NOWHERE:
        for accept in ("application/json", "text/html"):
            answer = await world.owner.get(path, headers={"Accept": accept})
            assert answer.status_code == 404, path
            assert faults(answer, accept) == [], path
    answer = await world.http.get("/static/pages.css")
    assert answer.status_code == 200
    assert faults(answer, "*/*") == []
    answer = await world.http.get("/healthz", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert faults(answer, "*/*") == []


async def test_lists_say_whether_more_follows(world: World):
    for _ in range(3):
        await world.things.make("cid")
        await world.things.make("recipe_id")
        await world.things.make("run_id")
    for path in ("/media", "/recipes", "/runs"):
        seen: list[Any] = []
        page, more = 1, True
        while more:
            answer = (await world.owner.get(path, params={"page": page, "limit": 2})).json()
            assert (answer["page"], answer["limit"]) == (page, 2)
            more = answer["has_more"]
            assert more == (page * 2 < answer["total"]), path
            seen += answer["items"]
            page += 1
        assert len({json.dumps(one, sort_keys=True) for one in seen}) == len(seen) == answer["total"] >= 4
        made = [one["created_at"] for one in seen]
        assert made == sorted(made, reverse=True), path
        answer = (await world.owner.get(path, params={"page": 1_000_000})).json()
        assert (answer["items"], answer["has_more"]) == ([], False)
        for wrong in ("page=0", "page=-1", "page=x", "limit=0", "limit=101", "page=1.5"):
            assert (await world.owner.get(f"{path}?{wrong}")).status_code == 400, (path, wrong)


async def test_names_in_every_script_come_back(world: World):
    name = "été 夜 🎬 שלום ﬁ.mp4"
    answer = await world.owner.post("/cache/upload", files={"file": (name, b"named")})
    cid = answer.json()["cid"]
    assert answer.json()["filename"] == name
    text = {"title": name, "tags": [name], "metadata": {name: name}}
    assert (await world.owner.patch(f"/cache/{cid}/meta", json=text)).json()["title"] == name
    assert (await world.owner.get(f"/cache/{cid}/meta")).json() == {"description": "", "pinned": False, **text}
    found = (await world.owner.get("/media", params={"q": "夜"})).json()["items"]
    assert [one["cid"] for one in found] == [cid]
    answer = await world.owner.get(f"/cache/{cid}/raw")
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    page = await world.owner.get(f"/cache/{cid}", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert name in page.text


async def test_what_is_no_http_is_refused_and_does_no_harm(world: World):
    host, port = world.http.base_url.host, world.http.base_url.port
    for sent in (
        b"spam\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nx",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\x00c\r\n\r\n",
    ):  # fmt: skip
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(sent)
            async with asyncio.timeout(20):
                answer = await reader.read(4096)
        finally:
            writer.close()
        assert answer == b"" or re.match(rb"HTTP/1.1 4\d\d ", answer), (sent, answer)
    assert (await world.http.get("/healthz")).status_code == 200
