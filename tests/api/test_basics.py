from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import httpx
import pytest

from artdagd.api.app import SECTIONS, App


def problem(answer: httpx.Response) -> dict:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return body


async def test_health_needs_no_token_and_says_503_until_ready(client, address, backing):
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(f"{address}/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})
        backing.troubles = ("plugin x has errors",)
        answer = await stranger.get(f"{address}/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "degraded", "version": "1.2.3", "reasons": ["plugin x has errors"]}
        shown = (await stranger.get(f"{address}/", headers={"Accept": "text/html"})).text
        assert "degraded" in shown
        backing.ready = False
        answer = await stranger.get(f"{address}/healthz")
        assert (answer.status_code, answer.json()["status"]) == (503, "starting")


ROUTES = [route for section in SECTIONS for route in section.routes]


async def test_everything_else_needs_a_token(client, app: App):
    for route in ROUTES:
        path = re.sub("{.*?}", "x", route.path)
        answer = await client.request(route.method, path, headers={"Authorization": ""})
        if route.path in ("/healthz", "/", "/docs", "/openapi.json", "/download/client"):
            assert answer.status_code == 200, route.operation_id
        if route.scope is None:
            assert answer.status_code != 401, route.operation_id
        elif route.otherwise and answer.status_code == 400:
            assert problem(answer)["title"] == "Invalid request", route.operation_id
        else:
            assert answer.status_code == 401, route.operation_id
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "Authorization: Bearer" in problem(answer)["advice"]


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic good", "good", "Bearer", "Bearer \xff"])
async def test_a_wrong_token_is_401(client, header):
    answer = await client.get("/runs", headers={"Authorization": header.encode("latin1")})
    assert answer.status_code == 401
    problem(answer)


async def test_a_narrow_token_may_read_but_not_write(client):
    headers = {"Authorization": "Bearer reader"}
    assert (await client.get("/runs", headers=headers)).status_code == 200
    answer = await client.post("/runs", json={"effect": "negate"}, headers=headers)
    assert answer.status_code == 403
    assert "write" in problem(answer)["detail"]


async def test_errors_of_the_framework_are_problems(client):
    nowhere = problem(await client.get("/nowhere"))
    assert (nowhere["status"], nowhere["detail"]) == (404, "nothing has this address here")
    page = (await client.get("/nowhere", headers={"Accept": "text/html"})).text
    assert "nothing has this address here" in page
    assert '<link rel="icon" href="/static/favicon.svg"' in page
    icon = await client.get("/static/favicon.svg")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    answer = await client.put("/runs")
    assert problem(answer)["status"] == 405
    assert "takes GET" in answer.json()["detail"]
    assert "GET" in answer.headers["allow"]
    assert problem(await client.get("/static/nothing.css"))["status"] == 404
    assert (await client.get("/cache//raw")).status_code == 404  # and no redirect
    assert problem(await client.get("/static/../app.py"))["status"] == 404


async def test_a_bug_is_a_500_without_its_trace(client, caplog):
    answer = await client.get("/runs/boom")
    assert problem(answer)["status"] == 500
    assert "secret" not in answer.text
    assert "secret detail" in caplog.text  # but the log has it


@pytest.mark.parametrize(
    ("body", "loc", "said"),
    [
        (b'{"effekt": "x"}', "effekt", "unknown field"),
        (b'{"inputs": {"video": 3}}', "inputs[...]", "Expected `str`"),
        (b'{"effect": 1}', "effect", "Expected `str"),
        (b"[]", "body", "Expected `object`"),
        (b'{"config": {"a": 1e999}}', "config[...]", "out of range"),
    ],
)
async def test_a_body_that_does_not_fit_names_the_field(client, backing, body, loc, said):
    answer = await client.post("/runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    (fault,) = problem(answer)["errors"]
    assert fault["loc"] == loc
    assert said in fault["msg"]
    assert backing.runs.started == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":NaN}', b'{"config": {"a":' + b"[" * 100_000, b'"\\ud800"'])
async def test_what_is_not_json_is_400(client, body):
    answer = await client.post("/runs", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer)["status"] == 400


async def test_a_form_where_json_is_due_is_415(client):
    # What a form on a foreign page can send must not start anything.
    answer = await client.post("/runs", content=b'{"effect":"x"}', headers={"Content-Type": "text/plain"})
    assert problem(answer)["status"] == 415


async def test_a_json_body_over_2_mib_is_413(client):
    answer = await client.post("/runs", json={"effect": "x" * (2 << 20)})
    assert problem(answer)["status"] == 413


@pytest.mark.parametrize(
    "query", ["page=0", "limit=0", "limit=101", "page=x", "limit=1e3", "status=odd", "page=99999999999"]
)
async def test_list_parameters_are_checked(client, query):
    answer = await client.get(f"/runs?{query}")
    assert answer.status_code == 400
    assert problem(answer)["errors"][0]["loc"] == query.partition("=")[0]


async def test_lists_have_the_shape_of_the_contract(client):
    assert (await client.get("/runs?page=2&limit=5&status=&unknown=1")).json() | {"items": []} == {
        "items": [], "page": 2, "limit": 5, "total": 1, "has_more": False,
    }  # fmt: skip


async def test_a_run_is_accepted_with_its_address(client, backing):
    answer = await client.post(
        "/runs", json={"effect": "negate", "inputs": ["bafy"]}, headers={"Idempotency-Key": "once"}
    )
    assert answer.status_code == 202
    assert answer.headers["location"] == "/runs/run-1"
    assert answer.json()["run_id"] == "run-1"
    ((request, key),) = backing.runs.started
    assert (request.effect, request.inputs, key) == ("negate", ["bafy"], "once")
    assert (await client.post("/runs", json={}, headers={"Idempotency-Key": "k" * 256})).status_code == 400


async def test_too_busy_says_when_to_come_back(client, backing):
    backing.runs.busy = True
    answer = await client.post("/api/run-recipe", json={"recipe": "demo"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


async def test_recipes_as_body_and_as_form(client, backing):
    assert (await client.post("/recipes/upload", content=b"name: a")).json()["created"] is True
    assert (await client.post("/recipes/upload", files={"file": b"name: b"})).status_code == 201
    assert backing.recipes.texts == [b"name: a", b"name: b"]
    answer = await client.post("/recipes/upload", content=b"type: wrong")
    assert answer.status_code == 422
    assert problem(answer)["errors"] == [{"loc": "steps.a.type", "msg": "no step type 'wrong'", "line": 3, "column": 9}]
    assert (await client.post("/recipes/check", content=b"name: a")).json()["valid"] is True


async def test_workers_plugins_and_steps(client):
    assert (await client.get("/workers")).json()["items"][0]["name"] == "w1"
    assert (await client.get("/plugins")).json()["items"][0]["provides"] == {"effects": ["negate"]}
    assert (await client.get("/api/steps")).json()["items"][0]["example"] == {"factor": 2}


async def test_every_answer_is_guarded(client):
    for path in ("/", "/docs", "/healthz", "/nowhere", "/runs", "/static/pages.css"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.parametrize("target", ["http://[::1/", "?page=1", "*", "a", "http://"])
async def test_no_request_target_is_a_fault_of_the_node(address: str, target: str):
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        status = int((await reader.read()).split()[1])
    writer.close()
    await writer.wait_closed()
    assert 200 <= status < 500


@pytest.mark.parametrize("path", ["/media?kind=null", "/runs?status=null", "/media?kind=NULL"])
async def test_no_word_stands_for_leaving_out(client, path):
    answer = await client.get(path)
    assert answer.status_code == 400, answer.text


async def test_null_is_a_word_to_look_for(client):
    assert (await client.get("/media?q=null")).status_code == 200
