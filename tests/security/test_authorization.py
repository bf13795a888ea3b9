"""Who may do what: every operation of the OpenAPI document, asked by everybody (F13).

What is expected follows from the operation's ``security`` and from the tables below; an operation or a parameter that
they do not cover fails the test.
"""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from security.world import OWNED, PUBLISHED, SAFE, World, bearer, parameters, stated

from artdagd.cid import cid_of_bytes, cid_of_value

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODYS = {"ipfs_gateway"}
"""Operations on a CID that is the whole world's."""

LISTS = {
    "list_media": "cid",
    "list_runs": "run_id",
    "list_recipes": "recipe_id",
    "list_tokens": "token_id",
    "list_providers": "provider_id",
}
"""Lists of somebody's things, and what names one."""

SHARED = {"list_workers", "list_plugins", "list_steps", "list_nodes", "list_examples"}
"""Lists of what is the node's."""

FORBIDDEN = {
    # Who is no administrator revokes by showing the token, and what is their own.
    "revoke_user": {"owner", "other", "session with proof"},
    # A login address is made with a token: a page could hand it on otherwise.
    "make_login_address": {"session with proof"},
}
"""Who is refused, though the scope would do."""

FEW = {"nobody", "other"}
"""Who asks for pages in the fast suite."""

MOST = {"nobody", "wrong scope", "session without proof", "session with proof", "owner", "other", "admin"}
"""Who asks for JSON in the fast suite: all but who has a token that is good no more, who is refused before it is known
what is asked for. They ask one operation of five."""

SILENT = {"show_waveform": 404, "watch_run": 404, "see_live_run": 404, "get_live_fragment": 404}
"""What the video has not, and that the run is too short to be watched meanwhile."""

OFTEN_REFUSED = {"sign_in_with_token": 401, "sign_in": 200, "begin_sign_in": 303, "log_out": 303, "log_out_form": 303}
"""Public operations whose answer is not 200, whoever asks."""


def unknown(name: str) -> str:
    """What names nothing."""
    return {
        "cid": cid_of_bytes(secrets.token_bytes(8)),
        "recipe_id": cid_of_bytes(secrets.token_bytes(8)),
        "run_id": f"run-{secrets.token_hex(10)}",
        "token_id": secrets.token_hex(8),
        "provider_id": secrets.token_hex(8),
    }[name]


def expected(method: str, operation: dict[str, Any], who: str) -> str:
    """``in``, ``absent`` (what is another's is not there), or the status of a refusal."""
    name = operation["operationId"]
    ways = operation["security"]
    if "ticket" in (ways or [{}])[0]:
        return "403" if who.startswith("session") else "401"
    if not ways:
        return "403" if name == "log_out_form" and who == "session without proof" else "public"
    (scope,) = ways[0]["token"]
    if who in ("nobody", "expired", "revoked"):
        return "401"
    if who == "session without proof" and method not in SAFE:
        return "403"
    mine = scope != "admin" or who == "admin"
    if who == "wrong scope" or not mine or who in FORBIDDEN.get(name, ()):
        return "403"
    if who == "other" and name in PUBLISHED:
        return "404"
    if who == "other" and set(parameters(operation)) & OWNED and name not in NOBODYS:
        return "absent"
    return "in"


async def faults(
    world: World, method: str, path: str, operation: dict[str, Any], accept: str, callers: set[str] | None
) -> list[str]:
    """What each of ``callers`` (None: of all) got that they should not have."""
    found = []
    for who in await world.callers(operation):
        if callers and who.name not in callers:
            continue
        world.cells += 1
        want = expected(method, operation, who.name)
        # Who is refused leaves things as they are.
        named = await world.named(operation, "GET" if want in ("401", "403", "absent") else method)
        headers = {**who.headers, "Accept": accept}
        answer = await world.send(method, path, operation, named, headers)
        if (
            want == "in"
            and who.name == "other"
            and set(map(str, _strings(world.body(operation).get("json"))))
            & {word for name, word in world.words.items() if name != "FOLDER"}  # which is nobody's
        ):
            want = "absent"
        if not await _holds(world, method, path, operation, want, answer, named, headers):
            found.append(
                f"{who.name}: {method} {path} ({accept}): {want}, and got {answer.status_code} {answer.text[:300]}"
            )
    return found


async def _holds(
    world: World, method: str, path: str, operation: dict[str, Any], want: str, answer: httpx.Response,
    named: dict[str, str], headers: dict[str, str],
) -> bool:  # fmt: skip
    name = operation["operationId"]
    if want == "public":
        return answer.status_code == OFTEN_REFUSED.get(name, 200)
    if want == "in":
        return answer.status_code < 400 or answer.status_code in (409, 422, SILENT.get(name))
    if want != "absent":
        return answer.status_code == int(want)
    # As if it were not there at all, to the byte.
    kept, nothing = dict(world.words), {one: unknown(one) for one in named if one in OWNED}
    world.words |= {
        "CLIP": unknown("cid"), "RECIPE": unknown("recipe_id"), "PLAN": _plan_id(), "RUN": unknown("run_id"),
    }  # fmt: skip
    try:
        other = await world.send(method, path, operation, named | nothing, headers)
    finally:
        mine, world.words = world.words, kept
    pairs = [(nothing[one], named[one]) for one in nothing] + [
        (mine[one], kept[one]) for one in ("CLIP", "RECIPE", "PLAN", "RUN")
    ]
    text = other.text
    for theirs, ours in pairs:
        text = text.replace(theirs, ours)
    return answer.status_code == other.status_code >= 400 and text == answer.text


def _plan_id() -> str:
    return cid_of_value({"unknown": secrets.token_hex(8)})


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [value] if isinstance(value, str) else []


def formats(operation: dict[str, Any]) -> tuple[str, ...]:
    """What an answer may be asked for as."""
    good = [answer for status, answer in operation["responses"].items() if status < "300"]
    paged = any("text/html" in answer.get("content", {}) for answer in good)
    return ("application/json", "text/html") if paged else ("application/json",)


async def test_lists_show_ones_own_and_administrators_all(world: World):
    lists = {
        operation["operationId"]: path
        for method, path, operation in world.operations
        if method == "GET" and "items" in _shape(world, operation).get("properties", {})
    }
    assert set(lists) == set(LISTS) | SHARED, "say in a table whose things a list shows"
    for name, parameter in LISTS.items():
        for accept in ("application/json", "text/html"):
            headers = {"Accept": accept}
            seen = {
                who: world.shared[parameter] in (await world.http.get(lists[name], headers={**headers, **shown})).text
                for who, shown in (
                    ("owner", world.owner.headers), ("admin", world.admin.headers), ("other", bearer(world.others)),
                )
            }  # fmt: skip
            assert seen == {"owner": True, "admin": True, "other": False}, (name, accept)


def _shape(world: World, operation: dict[str, Any]) -> dict[str, Any]:
    """The schema of an operation's JSON."""
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    found: dict[str, Any] = world.document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    return found


async def test_what_is_published_is_open_until_it_is_withdrawn(world: World):
    cid = world.shared["cid"]
    opened = [path for method, path, operation in world.operations if method == "GET" and {} in operation["security"]]
    assert opened
    for change, status in ((None, 401), ("POST", 200), ("DELETE", 401)):
        if change:
            answer = await world.owner.request(change, f"/cache/{cid}/publish")
            assert answer.status_code in (200, 204), answer.text
        for path in opened:
            answer = await world.http.get(path.replace("{cid}", cid))
            assert answer.status_code == status, (change, path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("few", [FEW, pytest.param(None, marks=pytest.mark.slow)])
async def test_everybody_may_do_what_they_may_and_nothing_else(
    world: World, docs_operations: str, few: set[str] | None
):
    """The fast suite asks for pages as a few alone: who is asking is found out before the form of an answer is."""
    found, world.cells = [], 0
    for number, (method, path, operation) in enumerate(world.operations):
        for accept in formats(operation):
            callers = few if accept == "text/html" else MOST if few and number % 5 else None
            found += await faults(world, method, path, operation, accept, callers)
    assert found == [], "\n".join(found)
    assert few or world.cells >= stated(docs_operations, "F13")
