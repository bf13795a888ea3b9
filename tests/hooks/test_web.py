"""Routes and settings of plugins: none takes the node's place, none breaks it, none holds a request for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nodes import running_node

from artdagd.access import settings_of
from artdagd.api import plugged
from artdagd.errors import ConfigError
from artdagd.hooks import NodeAccess, PluginSettings, WebRequest, WebResponse, WebRoute, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.settings import Settings

pytestmark = pytest.mark.database

Handler = Callable[[WebRequest], Awaitable[WebResponse]]


async def fine(request: WebRequest) -> WebResponse:
    return WebResponse(body=msgspec.json.encode({"path": request.target, **request.parameters}))


def a_route(path: str, handler: Any = fine, **more: Any) -> WebRoute:
    return WebRoute(**{"method": "GET", "path": path, "summary": "Try", "handler": handler, "scope": None, **more})


def with_routes(monkeypatch: pytest.MonkeyPatch, **plugins: list[WebRoute]) -> None:
    def plugin(routes: list[WebRoute]) -> Any:
        class Given:
            @hookimpl
            def artdag_routes(self, node: NodeAccess) -> list[WebRoute]:
                return routes

        return Given()

    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(**{name: plugin(given) for name, given in plugins.items()}))


async def test_no_route_takes_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with_routes(
        monkeypatch,
        a=[a_route("/runs/mine"), a_route("/{any}"), a_route("/cache/{x}/raw"), a_route("/static/x.css")],
        b=[
            a_route("/b/{x}"),
            a_route("/b/{y}"),
            a_route("/b/z"),
            a_route("/b-c/d"),
            a_route("/b/c/d"),
            a_route("/b_c/d"),
        ],
    )
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        assert (await person.http.get("/runs/mine")).status_code == 404  # no run of that name
        assert (await person.http.get("/healthz")).json()["status"] == "ok"
        assert (await person.http.get("/b/z")).json() == {"path": "/b/z", "x": "z"}
        for path in ("/b-c/d", "/b/c/d", "/b_c/d"):
            assert (await person.http.get(path)).json() == {"path": path}
        assert (await person.http.head("/b/z")).status_code == 200


BROKEN = [
    a_route("no-slash"), a_route("/a/<int:x>"), a_route("/{x}/{x}"), a_route("/{call}"), a_route("/{a-b}"),
    a_route("/a{b}"), a_route("/a b"), a_route("//a"), a_route("/a", method="TRACE"), a_route("/a", method="get"),
    a_route("/a", scope="everyone"), a_route("/a", handler=None), a_route("/a", limit="big"),
    a_route("/a", summary=None), "a route",
]  # fmt: skip


async def test_a_plugin_whose_route_can_not_be_is_left_out_and_the_node_starts(tmp_path: Path, monkeypatch):
    with_routes(monkeypatch, good=[a_route("/good")], **{f"bad{i}": [one] for i, one in enumerate(BROKEN)})  # type: ignore[list-item]
    async with running_node(tmp_path / "home", workers=0) as (node, person):
        assert (await person.http.get("/good")).status_code == 200
        broken = [one.name for one in node.plugins.report() if one.error]
        assert len(broken) == len(BROKEN)


ANSWERS = [
    WebResponse(status=99), WebResponse(status=100), WebResponse(status=600), WebResponse(status="200"),  # type: ignore[arg-type]
    WebResponse(body="text"), WebResponse(body=None), WebResponse(headers={"X": "a\r\nSet-Cookie: a=b"}),  # type: ignore[arg-type]
    WebResponse(headers={"X\r\nY": "a"}), WebResponse(headers={"Content-Length": "5"}), WebResponse(headers={"X": 5}),  # type: ignore[dict-item]
    WebResponse(headers={"Transfer-Encoding": "chunked"}), WebResponse(media_type="a\nb"), WebResponse(media_type=None),  # type: ignore[arg-type]
    WebResponse(headers=None), None, {"status": 200}, "text",  # type: ignore[arg-type]
]  # fmt: skip


async def test_bad_answers_are_clean_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async def bad(request: WebRequest) -> Any:
        return ANSWERS[int(request.query["n"])]

    async def empty(request: WebRequest) -> WebResponse:
        return WebResponse(status=204, body=b"not to be sent")

    async def hanging(request: WebRequest) -> WebResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async def told(request: WebRequest) -> WebResponse:
        return WebResponse(body=msgspec.json.encode(dict(request.headers)))

    routes = [a_route("/bad", bad), a_route("/empty", empty), a_route("/hanging", hanging), a_route("/told", told)]
    with_routes(monkeypatch, plugin=routes)
    monkeypatch.setattr(plugged, "SECONDS", 0.1)
    async with running_node(tmp_path / "home", workers=0) as (_, person):
        for number in range(len(ANSWERS)):
            answer = await person.http.get("/bad", params={"n": number})
            assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json"), number
            assert "set-cookie" not in answer.headers
        answer = await person.http.get("/empty")
        assert (answer.status_code, answer.content) == (204, b"")
        answer = await person.http.get("/hanging")
        assert (answer.status_code, "did not answer" in answer.json()["detail"]) == (503, True)
        seen = (await person.http.get("/told", headers={"Cookie": "artdag_session_80=x", "X-Other": "y"})).json()
        assert seen["x-other"] == "y"
        assert not {"cookie", "authorization"} & seen.keys()


class Config(msgspec.Struct, frozen=True):
    greeting: str = "hello"
    number: int = 1


class Settled:
    @hookimpl
    def artdag_settings(self) -> PluginSettings:
        return PluginSettings(config=Config, environment={"TRY_NUMBER": "number"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"greting": "hi"}, "did you mean 'greeting'"), ({"other": 1}, "known: greeting, number"),
        ({"number": "one"}, "number"), ({"greeting": None}, "greeting"),
    ],
)  # fmt: skip
def test_settings_that_a_plugin_has_not_are_refused(tmp_path: Path, given: dict[str, Any], says: str):
    with pytest.raises(ConfigError, match="settled") as caught:
        settings_of(Plugins.of(settled=Settled()), Settings(home=tmp_path, plugins={"settled": given}))
    assert says in str(caught.value)


def test_variables_are_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRY_NUMBER", "3")
    found = settings_of(Plugins.of(settled=Settled()), Settings(home=tmp_path, plugins={"settled": {"number": 2}}))
    assert found == {"settled": Config(number=3)}
