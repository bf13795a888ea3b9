"""Things of a node that somebody owns, made over HTTP: what path parameters stand for in tests of all operations."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

RECIPE = """\
name: {name}
inputs:
  clip: {{type: video}}
steps:
  - {{id: blurred, type: EFFECT, inputs: [clip], config: {{effect: blur, sigma: 2}}}}
output: blurred
"""


class Things:
    """Makes things of the owner of ``http``. ``folder`` is where storage providers of theirs, of the type ``storage``,
    may keep blobs; there is one at a time."""

    def __init__(self, http: httpx.AsyncClient, folder: Path, clip: Path, storage: str = "local") -> None:
        self._http = http
        self._storage = storage
        self._provided = ""
        self._folder = folder
        self._clip = clip

    async def make(self, parameter: str) -> str:
        """A new thing that ``parameter`` of a path may name. Raises KeyError if it is not known how to make one."""
        made: dict[str, Callable[[], Awaitable[str]]] = {
            "cid": self._blob,
            "recipe_id": self._recipe,
            "run_id": self._run,
            "token_id": self._token,
            "provider_id": self._provider,
            "type": self._type,
            "name": self._example,
            "step_id": self._step,
        }
        return await made[parameter]()

    async def clip(self) -> str:
        """The CID of a short video."""
        return await self._upload(self._clip.name, self._clip.read_bytes())

    async def _blob(self) -> str:
        return await self._upload("a note.txt", secrets.token_bytes(16))

    async def _upload(self, name: str, data: bytes) -> str:
        answer = await self._http.post("/cache/upload", files={"file": (name, data)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["cid"])

    async def _recipe(self) -> str:
        return await self.recipe(f"soft-{secrets.token_hex(8)}")

    async def recipe(self, name: str) -> str:
        answer = await self._http.post("/recipes/upload", content=RECIPE.format(name=name).encode())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["recipe_id"])

    async def _run(self) -> str:
        body = {"effect": "blur", "inputs": [await self.clip()], "config": {"sigma": 2}}
        answer = await self._http.post("/runs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    async def _token(self) -> str:
        answer = await self._http.post("/auth/tokens", json={"name": "a thing", "scopes": ["read"], "expires_in": 600})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token_id"])

    async def _provider(self) -> str:
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(parents=True)
        if self._provided:
            await self._http.delete(f"/storage/{self._provided}")
        body = {"type": self._storage, "name": folder.name, "config": {"path": str(folder)}}
        answer = await self._http.post("/storage/add", json=body)
        assert answer.status_code == 201, answer.text
        self._provided = str(answer.json()["provider_id"])
        return self._provided

    async def _step(self) -> str:
        return "effect"

    async def _example(self) -> str:
        """One that needs no input."""
        examples = (await self._http.get("/examples")).json()["items"]
        return next(str(one["name"]) for one in examples if not one["inputs"])

    async def _type(self) -> str:
        return "local"
