"""F9: what pages of other origins make a signed-in browser send changes nothing.

Every unsafe operation of the OpenAPI document, with the browser's cookie, as a page elsewhere can send it.
"""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from security.world import FORM, SAFE, World, stated

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIMPLE = ("text/plain", FORM, "multipart/form-data; boundary=b", "application/json", "")
"""Content types that a page may send anywhere without asking (Fetch, CORS-safelisted), and JSON; with none too."""

BY_ITSELF = {"locations", "replication", "blobs", "bytes", "owed", "failing", "last_error", "circuit"}
"""Fields of media and of providers that tell what the node has copied so far."""

OPEN = {"sign_in_with_token"}
"""Operations that need no credential: they are refused by the origin alone."""


def elsewhere(own: str, proof: str) -> dict[str, dict[str, str]]:
    """What a browser says of where a request comes from -> the headers."""
    proved = {"X-CSRF-Token": proof}
    return {
        "no origin and no proof": {},
        "own origin and no proof": {"Origin": own},
        "own origin and a wrong proof": {"Origin": own, "X-CSRF-Token": "0" * len(proof)},
        "a foreign origin": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        "a foreign origin with the proof": {"Origin": "https://evil.example", **proved},
        "null": {"Origin": "null", **proved},
        "another port": {"Origin": own.rpartition(":")[0] + ":1", **proved},
        "a name that begins as ours": {"Origin": f"{own}.evil.example", **proved},
        "same-site": {"Sec-Fetch-Site": "same-site", **proved},
        "cross-site": {"Sec-Fetch-Site": "cross-site", **proved},
    }


async def test_no_change_is_made_by_get(world: World):
    """A link or a picture elsewhere can send the cookie along: what it asks for must not be a change."""
    cookie, _ = await world.session(world.owner.headers["Authorization"].partition(" ")[2])
    unsafe = [each for each in world.operations if each[0] not in SAFE]
    filled = [(method, await _filled(world, path, operation, "GET")) for method, path, operation in unsafe]
    before = await _everything(world)
    for method, path in filled:
        for asked in ("GET", "HEAD"):
            answer = await world.http.request(asked, path, headers={**cookie, "X-HTTP-Method-Override": method})
            assert answer.status_code in (200, 303, 403, 404, 405), (asked, path, answer.status_code)
            if path == "/logout" and answer.status_code == 303:
                cookie, _ = await world.session(world.owner.headers["Authorization"].partition(" ")[2])
    assert await _everything(world) == before


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
async def test_no_page_elsewhere_changes_anything(world: World, docs_operations: str, every: int):
    """The fast suite tries one of five: each operation from everywhere, in changing content types."""
    cookie, proof = await world.session(world.owner.headers["Authorization"].partition(" ")[2])
    admin_cookie, admin_proof = await world.session(world.admin.headers["Authorization"].partition(" ")[2])
    own = str(world.http.base_url).rstrip("/")
    tried, accepted, turn = 0, [], itertools.count()
    for method, path, operation in world.operations:
        if method in SAFE:
            continue
        scope = next((way["token"][0] for way in operation["security"] if "token" in way), "")
        shown, known = (admin_cookie, admin_proof) if scope == "admin" else (cookie, proof)
        path = await _filled(world, path, operation, method)
        next(turn)
        for about, headers in elsewhere(own, known).items():
            next(turn)
            for kind in SIMPLE:
                if next(turn) % every:
                    continue
                if operation["operationId"] in OPEN and "evil" not in str(headers) and "null" not in about:
                    continue
                sent = {**shown, **headers} | ({"Content-Type": kind} if kind else {})
                answer = await world.http.request(method, path, content=_body(world, operation, kind), headers=sent)
                tried += 1
                if answer.status_code not in (400, 403, 415):
                    accepted.append(f"{about}, {kind}: {method} {path}: {answer.status_code} {answer.text[:100]}")
        assert (await world.http.get("/auth/session", headers=shown)).status_code == 200, "the session has ended"
    assert accepted == [], "\n".join(accepted)
    assert tried >= stated(docs_operations, "F9") // every


async def _filled(world: World, path: str, operation: dict[str, Any], method: str) -> str:
    for name, value in (await world.named(operation, method)).items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _body(world: World, operation: dict[str, Any], kind: str) -> bytes:
    """The operation's own body, as far as it can be said in this content type."""
    if kind.startswith("multipart"):
        return b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--b--\r\n'
    if kind == FORM:
        return b""
    body = world.body(operation)
    made = httpx.Request("POST", "http://x/", **{key: body[key] for key in ("json", "content") if key in body})
    return made.read()


async def _everything(world: World) -> list[Any]:
    """What the owner has, without what the node changes by itself meanwhile, such as copies at a provider."""
    answers = [
        (await world.owner.get(path, params={"limit": 100})).json()
        for path in ("/runs", "/media", "/recipes", "/auth/tokens")
    ] + [(await world.admin.get("/storage")).json()]
    return [{key: value for key, value in one.items() if key not in BY_ITSELF} for it in answers for one in it["items"]]
