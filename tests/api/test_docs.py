from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from artdagd.api.app import SECTIONS
from artdagd.api.openapi import examples, requests

ROUTES = {route.operation_id: route for section in SECTIONS for route in section.routes}


def references(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


async def test_the_document_has_every_route_and_no_dangling_reference(client):
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    listed = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert listed == {(route.method, route.path) for section in SECTIONS for route in section.routes}
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= names
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


async def test_another_reader_of_the_standard_takes_the_document(client):
    from openapi_spec_validator import validate

    validate((await client.get("/openapi.json")).json())


async def test_every_parameter_and_body_says_what_it_is(client):
    document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation["parameters"]:
                about = (method, path, parameter["name"])
                assert parameter["schema"], about
                assert parameter.get("description") or parameter["name"] in ("page", "limit"), about
                assert parameter["in"] != "path" or parameter["name"] in examples.PARAMETERS, about
            for answer in operation["responses"].values():
                assert answer["description"], (method, path)


@pytest.mark.parametrize("operation", examples.BODIES)
def test_examples_are_bodies(operation: str):
    for example in examples.BODIES[operation].values():
        msgspec.convert(example, ROUTES[operation].body)


def test_every_header_that_is_read_is_described():
    read = {name for route in ROUTES.values() for name in route.headers}
    assert read == set(requests.HEADERS)


async def test_the_session_is_in_the_cookie_that_this_node_sets(client):
    document = (await client.get("/openapi.json")).json()
    name = document["components"]["securitySchemes"]["session"]["name"]
    assert name == f"artdag_session_{client.base_url.port}"


async def test_parameters_come_from_the_structs_that_decode_them(client):
    document = (await client.get("/openapi.json")).json()
    given = {item["name"]: item for item in document["paths"]["/media"]["get"]["parameters"]}
    assert given["limit"]["schema"]["maximum"] == 100
    assert given["kind"]["required"] is False
    assert "image" in str(given["kind"]["schema"])


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        assert not any(name.startswith("on") or name == "style" for name in given)
        assert tag != "script" or given.get("src", "").startswith("/static/")
        if "id" in given:
            assert given["id"] not in self.ids
            self.ids.add(given["id"])
        self.links += [given[name] for name in ("href", "src") if name in given]


async def test_the_page_stands_on_its_own(client):
    answer = await client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    assert page.tags.isdisjoint({"style", "iframe"})
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (await client.get(link)).status_code == 200, link
    assert 'name="viewport"' in answer.text
    assert "curl -H &#34;Authorization: Bearer $TOKEN&#34;" in answer.text
    assert "/cache/$CID/raw" in answer.text
    for section in SECTIONS:
        for route in section.routes:
            assert route.operation_id in page.ids
    assert "``" not in answer.text


async def test_problems_point_to_their_description(client):
    kind = (await client.get("/runs", headers={"Authorization": ""})).json()["type"]
    path, _, anchor = kind.partition("#")
    assert anchor in Page((await client.get(path)).text).ids


async def test_the_landing_is_json_or_a_page(client):
    assert (await client.get("/")).json() == {"status": "ok", "version": "1.2.3"}
    answer = await client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    assert re.search(r'href="/docs"', answer.text)
    assert "1.2.3" in answer.text
