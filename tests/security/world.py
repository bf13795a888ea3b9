"""A node with somebody's things on it, and everybody who may ask for them."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import msgspec
from clips import numbered_clip
from nodes import Person, running_node
from registry import Registry, plugged
from things import Things

from artdagd.auth import attempts
from artdagd.auth.principal import SCOPES
from artdagd.hooks.manager import Plugins
from artdagd.node import Node
from artdagd.runs import storage

FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "patch", "delete")
SAFE = ("GET", "HEAD")

OWNED = {"cid", "recipe_id", "run_id", "token_id", "provider_id"}
"""Path parameters that name somebody's things: what is another's is not there."""

COMMON = {"type", "step_id", "name"}
"""Path parameters that name what is the node's, and there for everybody, or a part of what another one names."""

PUBLISHED = {"show_publication", "withdraw_blob", "withdraw_blob_form"}
"""Operations on what is published, so that everybody may know of it."""

BODIES: dict[str, Any] = {
    "revoke_token": {"token": "nobody's"},
    "revoke_user": {"username": "somebody"},
    "execute_plan": {"plan_id": "PLAN"},
    "verify_run": {"run_id": "RUN"},
    "start_run": {"effect": "blur", "inputs": ["CLIP"]},
    "run_recipe": {"inputs": {"clip": "CLIP"}},
    "run_recipe_text": {"recipe": "RECIPE", "inputs": {"clip": "CLIP"}},
    "make_plan": {"recipe": "RECIPE", "inputs": {"clip": "CLIP"}},
    "add_provider": {"type": "folder", "name": "x", "config": {"path": "FOLDER"}},
    "add_provider_form": {"type": "folder", "name": "x", "config": {"path": "FOLDER"}},
}
"""Bodies other than the document's examples. Capitals stand for things of the caller."""


@dataclass
class Someone:
    """A caller: ``headers`` show who it is."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """A node with an owner's things on it, and all who ask."""

    node: Node
    http: httpx.AsyncClient
    admin: httpx.AsyncClient
    owner: httpx.AsyncClient
    things: Things
    shared: dict[str, str]
    words: dict[str, str]
    document: dict[str, Any]
    clip: Path
    revoked: str
    expired: str
    others: str
    cells: int = 0
    known: dict[str | None, list[Someone]] = field(default_factory=dict)

    @property
    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [
            (method.upper(), path, methods[method])
            for path, methods in self.document["paths"].items()
            for method in METHODS
            if method in methods
        ]

    async def token(self, owner: str, scopes: tuple[str, ...] = (), seconds: float = 3600) -> str:
        body = {"name": "t", "owner": owner, "scopes": list(scopes), "expires_in": seconds}
        answer = await self.admin.post("/auth/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def session(self, token: str) -> tuple[dict[str, str], str]:
        """A browser's cookie for whom ``token`` is, and its proof."""
        answer = await self.http.post("/auth", json={"token": token})
        assert answer.status_code == 303, answer.text
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        self.http.cookies.clear()
        proof = (await self.http.get("/auth/session", headers=cookie)).json()["csrf_token"]
        self.http.cookies.clear()
        return cookie, proof

    async def callers(self, operation: dict[str, Any]) -> list[Someone]:
        """Everybody. Who logs out is asked to sign in again."""
        ways = operation["security"]
        scope = ways[0]["token"][0] if ways and "token" in ways[0] else None
        if scope not in self.known or operation["operationId"].startswith("log_out"):
            self.known[scope] = await self._callers(scope)
        return self.known[scope]

    async def _callers(self, scope: str | None) -> list[Someone]:
        mine = self.owner.headers["Authorization"].partition(" ")[2]
        cookie, proof = await self.session(mine)
        proved, proof = await self.session(mine)
        narrow = await self.token("bob", tuple(one for one in SCOPES if one not in (scope, "admin")))
        return [
            Someone("nobody"),
            Someone("wrong scope", bearer(narrow)),
            Someone("expired", bearer(self.expired)),
            Someone("revoked", bearer(self.revoked)),
            Someone("session without proof", cookie),
            Someone("session with proof", proved | {"X-CSRF-Token": proof}),
            Someone("owner", bearer(mine)),
            Someone("other", bearer(self.others)),
            Someone("admin", {"Authorization": self.admin.headers["Authorization"]}),
        ]

    async def send(
        self, method: str, path: str, operation: dict[str, Any], named: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response:
        for name, value in named.items():
            path = path.replace(f"{{{name}}}", value)
        query = {"path": "note.txt"} if operation["operationId"] == "import_blob" else {}
        body = self.body(operation)
        answer = await self.http.request(
            method, path, params=query, headers={**headers, **body.pop("headers", {})}, **body
        )
        self.http.cookies.clear()
        return answer

    def body(self, operation: dict[str, Any]) -> dict[str, Any]:
        """A body that the operation takes. Raises AssertionError if none is known."""
        name = operation["operationId"]
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content and "application/yaml" not in content:
            return {"files": {"file": ("a.txt", secrets.token_bytes(8))}}
        if "application/yaml" in content:
            text = content["application/yaml"]["example"].replace("soft", f"soft-{secrets.token_hex(4)}")
            return {"content": text.encode(), "headers": {"Content-Type": "application/yaml"}}
        if "application/json" in content:
            examples = content["application/json"].get("examples", {})
            shown = [example["value"] for example in examples.values()]
            assert name in BODIES or shown, f"{name} needs a body: show one in artdagd/api/openapi/examples.py"
            return {"json": self._filled(BODIES.get(name, shown[0] if shown else None))}
        return {"content": b"", "headers": {"Content-Type": FORM}} if FORM in content else {}

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        return self.words.get(value, value) if isinstance(value, str) else value

    async def named(self, operation: dict[str, Any], method: str) -> dict[str, str]:
        """The owner's things for the operation's path: new ones for a change."""
        names = parameters(operation)
        assert set(names) <= OWNED | COMMON, f"whose is {names} of {operation['operationId']}? Say it in a table"
        if method in SAFE and operation["operationId"] not in PUBLISHED:
            return {name: self.shared[name] for name in names}
        made = {}
        for name in names:
            made[name] = await self.things.make(name)
        if operation["operationId"] in PUBLISHED:
            answer = await self.owner.post(f"/cache/{made['cid']}/publish")
            assert answer.status_code == 200, answer.text
        return made


def with_folders(plugins: Plugins) -> Plugins:
    """``plugins`` and storage that anybody may add: directories, which no plugin would let them."""
    local = plugins.storage_types["local"]
    plugins._found["storage"]["folder"] = msgspec.structs.replace(
        local, name="folder", open_within=lambda config, rules: local.open(config)
    )
    return plugins


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def parameters(operation: dict[str, Any]) -> list[str]:
    return [one["name"] for one in operation["parameters"] if one["in"] == "path"]


@asynccontextmanager
async def peopled(folder: Path) -> AsyncIterator[World]:
    """A node where bob has things and eve has none. It never tires of wrong tokens."""
    load = Plugins.load
    registry = Registry()
    (folder / "in").mkdir()
    (folder / "in" / "note.txt").write_text("for everybody")
    clip = numbered_clip(folder / "in" / "clip.mp4", 6)
    settings = {"import_roots": (clip.parent,), "max_active_runs": 5000, "max_active_runs_per_user": 5000}
    with (
        patch.object(Plugins, "load", lambda: with_folders(plugged(load(), registry))),
        patch.object(storage, "MOST_EACH", 1000),
        patch.object(attempts, "MOST", 1 << 30),
    ):
        async with (
            running_node(folder / "home", workers=1, **settings) as (node, person),
            httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=60) as http,
            httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=60) as owner,
        ):
            things = Things(owner, folder / "stores", clip, "folder")
            document = (await person.http.get("/openapi.json")).json()
            made = World(node, http, person.http, owner, things, {}, {}, document, clip, "", "", "")
            owner.headers.update(bearer(await made.token("bob")))
            made.others = await made.token("eve")
            await _age(made)
            await _plant(made, person)
            yield made


async def _age(world: World) -> None:
    """Tokens of the owner that are good no more."""
    world.revoked = await world.token("bob")
    answer = await world.owner.post("/auth/revoke", json={"token": world.revoked})
    assert answer.json() == {"revoked": 1}
    world.expired = await world.token("bob", seconds=0.001)


async def _plant(world: World, person: Person) -> None:
    things, owner = world.things, world.owner
    clip = await things.clip()
    recipe = await things.recipe("soft")
    answer = await owner.post("/runs", json={"recipe": recipe, "inputs": {"clip": clip}})
    run = await person.finish(answer.json()["run_id"])
    assert run["status"] == "completed", run
    provider = await Things(world.owner, world.clip.parent / "stores", world.clip, "folder").make("provider_id")
    token = hashlib.sha256(owner.headers["Authorization"].partition(" ")[2].encode()).hexdigest()[:16]
    world.shared = {
        "cid": clip, "recipe_id": recipe, "run_id": run["run_id"], "token_id": token, "provider_id": provider,
        **{name: await things.make(name) for name in COMMON},
    }  # fmt: skip
    folder = str(world.clip.parent / "stores" / "any")
    world.words = {"CLIP": clip, "RECIPE": recipe, "PLAN": run["plan_id"], "RUN": run["run_id"], "FOLDER": folder}


def stated(page: str, row: str) -> int:
    """The count in ``row`` of the table of security corpora. It grows with the routes; the page may lag behind."""
    found = re.search(rf"\| {row} \| [^|]* \| ([0-9]+) \|", page)
    assert found, row
    return int(found[1])
