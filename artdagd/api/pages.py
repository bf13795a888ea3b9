"""What a person sees first: the landing at ``/``, and the contract at ``/docs``. No asset from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup
from quart import Response, render_template

from artdagd.api.calls import Call
from artdagd.api.negotiation import page
from artdagd.api.problems import kinds, slug
from artdagd.api.requests import Health
from artdagd.api.routes import Page, Section
from artdagd.api.views.home import home

section = Section("Documents", "This contract.")


@section.route("GET", "/", "Say what this is", scope=None, page=Page("home.html", home))
async def landing(call: Call) -> Health:
    return call.health()


@section.route("GET", "/openapi.json", "This contract as OpenAPI 3.1", scope=None)
async def openapi_document(call: Call) -> dict[str, Any]:
    found = call.app.document
    components = found["components"]
    schemes = components["securitySchemes"]
    session = schemes["session"] | {"name": call.app.guard.session_cookie(call.request)}
    return found | {"components": components | {"securitySchemes": schemes | {"session": session}}}


@section.route("GET", "/docs", "This contract as a page", scope=None, gives="text/html")
async def docs(call: Call) -> Response:
    app, address = call.app, call.address
    known, contract = app.contract
    if known != address:
        contract = Markup(await _contract(app.document, address))  # noqa: S704
        app.contract = address, contract
    shown = {"document": app.document, "contract": contract}
    return await page(app, call.request, call.caller, "docs.html", shown)


async def _contract(found: dict[str, Any], address: str) -> str:
    """What the page shows to everybody who knows the node by ``address``: a third of a second of work."""
    return await render_template(
        "contract.html",
        document=found,
        address=address,
        groups=[(tag, _operations(found, tag["name"])) for tag in found["tags"]],
        shapes=found["components"]["schemas"],
        problems=[(slug(kind.title), kind, vars(kind).get("__doc__") or "") for kind in kinds()],
        curl=curl,
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
