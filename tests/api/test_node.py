"""The API on a whole node: nothing that a client sends is a fault of the server."""

from __future__ import annotations

import re

import pytest

from artdagd.api.app import SECTIONS

ROUTES = [route for section in SECTIONS for route in section.routes]
NAMES = [
    "x",
    "%00",
    "%F0%9F%92%A9",
    "..",
    "%2e%2e%2fetc",
    "bafkreigh2akiscaildc",
    "Qm" + "1" * 44,
    "a" * 3000,
    "'--",
    "%ff",
]
BODIES = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 50_000, b'{"recipe": "nope"}', b'{"recipe": "\\u0000"}',
    b'{"recipe_yaml": "a: &a [*a]"}', b'{"recipe_yaml": ""}', b'{"effect": "nope", "inputs": ["x"]}',
    b'{"inputs": {"": ""}}',
    b'{"effect": "negate", "inputs": []}', b'{"plan_id": "x"}', b'{"plan": {}}', b'{"plan": {"steps": [1]}}',
    b'{"recipe_yaml": "name: a", "inputs": {"a": "b"}, "params": {"x": 123456789012345678901234567890}}',
    b'{"title": "\\u0000", "tags": ["\\ud83d\\ude00"], "metadata": {"a": 18446744073709551616}}',
    b'{"recipe": "a", "recipe_yaml": "b"}', b"name: a\nsteps: 2026-99-99", b"\t- : [", b"%YAML 9\n---\n",
]  # fmt: skip
QUERIES = [
    "",
    "?page=0",
    "?page=1000000&limit=100",
    "?kind=odd",
    "?q=%00",
    "?q=%25_%5C'",
    "?q=%ff",
    "?recipe=%F0%9F%92%A9",
]


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("application/json", 3),
        pytest.param("application/json", 1, marks=pytest.mark.slow),
        pytest.param("application/yaml", 1, marks=pytest.mark.slow),
        pytest.param("multipart/form-data; boundary=B", 1, marks=pytest.mark.slow),
    ],
)
async def test_no_request_is_a_500(node, kind: str, every: int):
    """The fast suite sends one of three."""
    _, person = node
    headers = {"Content-Type": kind, "Range": "bytes=5-1", "Last-Event-ID": "0", "If-None-Match": '"x'}
    known = await person.http.post("/cache/upload", files={"file": ("a.txt", b"just text")})
    assert known.status_code == 201, known.text
    requests = []
    for route in ROUTES:
        if "{" in route.path:
            names = [*NAMES, known.json()["cid"]] if route.method != "DELETE" else NAMES
            requests += [(route.method, re.sub("{.*?}", name, route.path), b"{}") for name in names]
        if route.method in ("POST", "PATCH"):
            path = re.sub("{.*?}", known.json()["cid"], route.path)
            requests += [(route.method, path, body) for body in BODIES]
        if route.query:
            requests += [(route.method, route.path + query, b"") for query in QUERIES]
    for method, path, body in requests[::every]:
        answer = await person.http.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500, (method, path, body[:80], answer.text)
        if answer.status_code >= 400 and answer.status_code != 416:
            assert answer.headers.get("content-type") == "application/problem+json", (method, path, answer.status_code)
            assert answer.json()["detail"]
    assert (await person.http.get("/healthz")).status_code == 200
