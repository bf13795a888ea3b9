"""What a person sees first: the landing at ``/``, and the contract at ``/docs``. No script, no asset from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from quart import Response, render_template

from artdagd.api.calls import Call
from artdagd.api.problems import kinds, slug
from artdagd.api.requests import Health
from artdagd.api.routes import Section

section = Section("Documents", "This contract.")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@section.route("GET", "/", "Say what this is", scope=None)
async def landing(call: Call) -> Health | Response:
    """JSON, or a page if `Accept` prefers HTML."""
    health = Health("ok" if call.services.ready() else "starting", call.services.version)
    accepted = call.request.accept_mimetypes
    if accepted["text/html"] <= accepted["application/json"]:
        return health
    return await _page("landing.html", health=health)


@section.route("GET", "/openapi.json", "This contract as OpenAPI 3.1", scope=None)
async def openapi_document(call: Call) -> dict[str, Any]:
    return call.app.document


@section.route("GET", "/docs", "This contract as a page", scope=None, gives="text/html")
async def docs(call: Call) -> Response:
    found = call.app.document
    shapes = found["components"]["schemas"]
    groups = [(tag, _operations(found, tag["name"])) for tag in found["tags"]]
    address = call.services.settings.public_url or call.request.host_url.rstrip("/")
    problems = [(slug(kind.title), kind, vars(kind).get("__doc__") or "") for kind in kinds()]
    return await _page(
        "docs.html", document=found, groups=groups, shapes=shapes, problems=problems, address=address, curl=curl
    )


def curl(operation: dict[str, Any], address: str) -> str:
    """A command that calls ``operation``."""
    method = operation["method"].upper()
    path = re.sub(r"{(\w+)}", lambda match: f"${match[1].upper()}", operation["path"])
    parts = ["curl"] + (["-X", method] if method not in ("GET", "POST") else [])
    if operation["security"]:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        parts += ["-H 'Content-Type: application/json'", "-d @request.json"]
    elif "application/yaml" in content:
        parts.append("--data-binary @recipe.yaml")
    elif content:
        parts.append("-F file=@clip.mp4")
    elif method == "POST":
        parts += ["-X", "POST"]
    return " ".join([*parts, f'"{address}{path}"'])


def _operations(found: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    return [
        operation | {"method": method, "path": path}
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    ]


async def _page(name: str, **values: Any) -> Response:
    response = Response(await render_template(name, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["Vary"] = "Accept"
    return response
