"""Providers through the API: added, tested, used, changed, removed; secrets that never come back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import httpx
import msgspec
import pytest
from nodes import running_node

from artdagd.hooks import StorageType, hookimpl
from artdagd.hooks.manager import Plugins

pytestmark = pytest.mark.database

SECRET = "s3cret-canary-value"


class VaultConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bucket: str = "b"
    password: Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True})] = ""


class Vault:
    """Keeps blobs in memory for who knows the password."""

    def __init__(self, config: VaultConfig) -> None:
        self.config = config
        self.held: dict[str, bytes] = {}

    async def save(self, cid: str, path: Path) -> None:
        if self.config.password != SECRET:
            raise PermissionError("wrong password")
        self.held[cid] = path.read_bytes()

    async def load(self, cid: str) -> AsyncIterator[bytes]:
        if cid not in self.held:
            raise FileNotFoundError(cid)
        yield self.held[cid]

    async def size(self, cid: str) -> int | None:
        return len(self.held[cid]) if cid in self.held else None

    async def delete(self, cid: str) -> None:
        self.held.pop(cid, None)

    async def close(self) -> None:
        pass


class VaultPlugin:
    @hookimpl
    def artdag_storage_types(self) -> list[StorageType]:
        return [StorageType(name="vault", description="A vault", config=VaultConfig, open=Vault)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = [*Plugins.load().storage_types.values()]
    installed = Plugins.of(storage=VaultPlugin())

    class Both:
        @hookimpl
        def artdag_storage_types(self) -> list[StorageType]:
            return [*found, *installed.storage_types.values()]

    monkeypatch.setattr(Plugins, "load", lambda: Plugins.of(both=Both()))
    return tmp_path / "home"


async def add(http: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await http.post("/storage/add", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def copies(http: httpx.AsyncClient, cid: str) -> dict[str, str]:
    """The state of each copy, once none is pending."""
    while True:
        found = (await http.get(f"/cache/{cid}")).json()["replication"]
        if "pending" not in (states := {one: copy["state"] for one, copy in found.items()}).values():
            return states
        await asyncio.sleep(0.02)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_directory_gets_copies_and_gives_back_what_was_lost(home: Path, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    async with running_node(home, workers=0) as (node, person):
        http = person.http
        made = await add(http, type="local", name="disk", config={"path": str(tmp_path / "disk")})
        tested = (await http.post(f"/storage/{made['provider_id']}/test")).json()
        assert tested["ok"], tested
        assert tested["latency_ms"] > 0
        cid = (await http.post("/cache/upload", files={"file": ("a", b"bytes")})).json()["cid"]
        await until(lambda: list((tmp_path / "disk").glob(f"??/{cid}")))
        assert (await copies(http, cid))[made["provider_id"]] == "replicated"
        assert (await http.get(f"/cache/{cid}")).json()["locations"] == ["local", made["provider_id"]]
        for lost in node.settings.cache.rglob(cid):
            lost.unlink()
        assert (await http.get(f"/cache/{cid}/raw")).content == b"bytes"
        assert (await http.delete(f"/storage/{made['provider_id']}")).status_code == 204
        other = (await http.post("/cache/upload", files={"file": ("a", b"other")})).json()["cid"]
        assert not list((tmp_path / "disk").rglob(other))
        assert (await http.get("/storage")).json()["items"] == []


async def test_secrets_are_sealed_and_never_shown(home: Path):
    async with running_node(home, workers=0) as (_, person):
        http = person.http
        made = await add(http, type="vault", name="v", config={"bucket": "x", "password": SECRET})
        where = f"/storage/{made['provider_id']}"
        assert made["secrets"] == ["password"]
        assert (await http.post(f"{where}/test")).json()["ok"]
        changed = await http.patch(where, json={"config": {"bucket": "y"}, "capacity_bytes": 5})
        assert (changed.json()["config"], changed.json()["capacity_bytes"]) == ({"bucket": "y"}, 5)
        texts = [str(made), changed.text, (await http.get(where)).text, (await http.get("/storage")).text]
        assert not any(SECRET in text for text in texts)
    left = [file for file in home.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert left == []
    assert (home / "secret-key").stat().st_mode & 0o777 == 0o600
    async with running_node(home, workers=0) as (_, person):
        assert (await person.http.post(f"{where}/test")).json()["ok"]
        assert (await person.http.patch(where, json={"config": {"password": "other"}})).status_code == 200
        tested = (await person.http.post(f"{where}/test")).json()
        assert (tested["ok"], "wrong password" in tested["detail"]) == (False, True)
    (home / "secret-key").write_bytes(b"k" * 32)
    async with running_node(home, workers=0) as (_, person):
        shown = (await person.http.get(where)).json()
        assert "can't be read with the key" in shown["error"]


async def test_what_is_wrong_is_told(home: Path):
    async with running_node(home, workers=0) as (_, person):
        http = person.http
        answer = await http.post("/storage/add", json={"type": "tape", "name": "x"})
        assert (answer.status_code, ", vault" in answer.json()["advice"]) == (404, True)
        answer = await http.post("/storage/add", json={"type": "vault", "name": "x", "config": {"bukket": "x"}})
        assert (answer.status_code, "bukket" in answer.json()["detail"]) == (400, True)
        await add(http, type="vault", name="x")
        assert (await http.post("/storage/add", json={"type": "vault", "name": "x"})).status_code == 409
        form = await http.post(
            "/storage", data={"type": "vault", "name": "y", "config.bucket": "z", "capacity_bytes": ""}
        )
        assert form.status_code == 303
        shown = (await http.get(form.headers["location"])).json()
        assert (shown["config"], shown["capacity_bytes"]) == ({"bucket": "z"}, None)
        schema = (await http.get("/storage/type/vault")).json()["schema"]
        assert schema["properties"]["password"]["writeOnly"]
        for path in ("/storage/none", "/storage/type/none"):
            assert (await http.get(path)).status_code == 404


async def test_a_browser_adds_tests_and_removes_one(home: Path, tmp_path: Path):
    async with running_node(home, workers=0) as (_, person):
        http, html = person.http, {"Accept": "text/html"}
        assert "/storage/type/vault" in (await http.get("/storage", headers=html)).text
        form = (await http.get("/storage/type/vault", headers=html)).text
        assert 'type="password"' in next(tag for tag in re.findall("<input[^>]*>", form) if "config.password" in tag)
        fields = {"type": "vault", "name": "<b>v</b>", "config.bucket": "x", "config.password": SECRET}
        where = (await http.post("/storage", data=fields)).headers["location"]
        answer = await http.post(f"{where}/test", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert (answer.status_code, answer.headers["location"]) == (303, where)
        text = (await http.get(where, headers=html)).text
        assert "saved, found, read back and deleted" in text
        assert "&lt;b&gt;v&lt;/b&gt;" in text
        assert SECRET not in text
        answer = await http.post(f"{where}/change", data={"name": "w", "config.bucket": "z", "config.password": ""})
        assert (answer.status_code, (await http.get(where)).json()["config"]) == (303, {"bucket": "z"})
        assert (await http.get(where)).json()["secrets"] == ["password"]
        empty = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await http.post(f"{where}/delete", headers=empty)).headers["location"] == "/storage"
        assert (await http.get(where)).status_code == 404


async def test_a_user_keeps_copies_of_what_they_have_where_they_like(home: Path, monkeypatch: pytest.MonkeyPatch):
    held: dict[str, dict[str, bytes]] = {}

    class Attic(Vault):
        def __init__(self, config: VaultConfig, rules: object = None) -> None:
            super().__init__(config)
            self.held = held.setdefault(config.bucket, {})

        async def save(self, cid: str, path: Path) -> None:
            self.held[cid] = path.read_bytes()

    kind = StorageType(name="attic", description="", config=VaultConfig, open=Attic, open_within=Attic)
    bare = StorageType(name="bare", description="", config=VaultConfig, open=Vault)
    monkeypatch.setattr(Plugins, "load", lambda: giving(kind, bare))
    async with (
        running_node(home, workers=0) as (node, person),
        await signed(person.http, "bob") as bob,
        await signed(person.http, "eve") as eve,
    ):
        made = await add(bob, type="attic", name="a", config={"bucket": "bob's", "password": SECRET})
        where = f"/storage/{made['provider_id']}"
        assert (made["for_node"], made["owner"], made["secrets"]) == (False, "bob", ["password"])
        assert await add(eve, type="attic", name="a", config={"bucket": "eve's"})
        for refused in ({"type": "bare"}, {"type": "attic", "for_node": True}):
            answer = await bob.post("/storage/add", json={"name": "b", **refused})
            assert answer.status_code == 403, answer.text
        for method, path in (("GET", where), ("PATCH", where), ("DELETE", where), ("POST", f"{where}/test")):
            body = {"json": {"name": "mine"}} if method == "PATCH" else {}
            assert (await eve.request(method, path, **body)).status_code == 404
        assert len((await bob.get("/storage")).json()["items"]) == 1
        assert len((await person.http.get("/storage")).json()["items"]) == 2
        both, mine = [
            (await http.post("/cache/upload", files={"file": ("a", data)})).json()["cid"]
            for http, data in ((bob, b"both"), (bob, b"mine"))
        ]
        assert (await eve.post("/cache/upload", files={"file": ("a", b"both")})).json()["existed"]
        await until(lambda: len(held["bob's"]) == 2 and len(held["eve's"]) == 1)
        assert await copies(bob, both) == {made["provider_id"]: "replicated"}
        assert made["provider_id"] not in (await eve.get(f"/cache/{both}")).text
        for lost in [*node.settings.cache.rglob(both), *node.settings.cache.rglob(mine)]:
            lost.unlink()
        held["eve's"].clear()
        assert (await eve.get(f"/cache/{both}/raw")).status_code == 404, "bob's storage is not for eve"
        assert (await bob.get(f"/cache/{both}/raw")).content == b"both"
        assert (await bob.get(f"/cache/{mine}/raw")).content == b"mine"
        assert (await bob.delete(f"/cache/{both}")).status_code == 204
        await until(lambda: set(held["bob's"]) == {mine})
        assert "artdag_storage_blobs" in (await bob.get("/metrics")).text
        assert (await person.http.get("/storage", headers={"Accept": "text/html"})).status_code == 200
        page = (await bob.get(f"/cache/{mine}", headers={"Accept": "text/html"})).text
        assert "<li>a: there since" in page


async def signed(http: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    token = (await http.post("/auth/tokens", json={"name": "t", "owner": name})).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=http.base_url, headers=headers, timeout=60, trust_env=False)


async def test_the_node_is_measured(home: Path):
    async with running_node(home, workers=1) as (_, person):
        await person.http.get("/runs")
        answer = await person.http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        lines = answer.text.splitlines()
        assert 'artdag_http_requests_total{method="GET",status="200"} 1.0' in lines
        assert any(line.startswith("artdag_daemon_resident_bytes ") for line in lines)
        assert any(line.startswith("# HELP artdag_workers ") for line in lines)


class Breaking(msgspec.Struct, frozen=True):
    bucket: str = "b"
    password: Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True})] = ""


def broken(config: Breaking) -> Vault:
    raise RuntimeError(f"can't reach https://me:{config.password}@host")


async def test_a_type_that_breaks_stops_nothing_and_tells_no_secret(home: Path, monkeypatch, caplog):
    opened = StorageType(name="odd", description="", config=Breaking, open=Vault)  # type: ignore[arg-type]
    monkeypatch.setattr(Plugins, "load", lambda: giving(opened))
    async with running_node(home, workers=0) as (_, person):
        made = await add(person.http, type="odd", name="o", config={"password": SECRET})
        for config in ({"passwort": "x"}, {"bucket": 5.5}):
            answer = await person.http.post("/storage/add", json={"type": "odd", "name": "p", "config": config})
            assert answer.status_code == 400  # although the struct would pass over names that it hasn't
    monkeypatch.setattr(Plugins, "load", lambda: giving(msgspec.structs.replace(opened, open=broken)))
    async with running_node(home, workers=0) as (_, person):
        where = f"/storage/{made['provider_id']}"
        shown = (await person.http.get(where)).json()
        assert "can't reach" in shown["error"]
        answers = [
            shown,
            (await person.http.post(f"{where}/test")).json(),
            (await person.http.patch(where, json={"config": {"bucket": "c"}})).json(),
            (
                await person.http.post(
                    "/storage/add", json={"type": "odd", "name": "q", "config": {"password": SECRET}}
                )
            ).json(),
        ]
        assert all(SECRET not in str(answer) for answer in answers)
    assert SECRET not in caplog.text


def giving(*types: StorageType) -> Plugins:
    class Given:
        @hookimpl
        def artdag_storage_types(self) -> list[StorageType]:
            return list(types)

    return Plugins.of(given=Given())


async def test_a_secret_that_was_lost_can_be_set_anew(home: Path):
    async with running_node(home, workers=0) as (_, person):
        made = await add(person.http, type="vault", name="v", config={"bucket": "x", "password": SECRET})
    (home / "secret-key").write_bytes(b"k" * 32)
    async with running_node(home, workers=0) as (_, person):
        where = f"/storage/{made['provider_id']}"
        assert (await person.http.patch(where, json={"config": {"bucket": "y"}})).status_code == 409
        changed = (await person.http.patch(where, json={"config": {"password": SECRET}})).json()
        assert (changed["config"], changed["error"]) == ({"bucket": "x"}, None)
        assert (await person.http.post(f"{where}/test")).json()["ok"]


async def test_the_nodes_own_folders_are_no_place_for_copies(home: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    async with running_node(home, workers=0, cache_dir=cache) as (_, person):
        (tmp_path / "link").symlink_to(cache)
        for path in (home, home / "copies", cache / "blobs", tmp_path / "link" / "x", home / "x" / ".." / "y"):
            body = {"type": "local", "name": "d", "config": {"path": str(path)}}
            answer = await person.http.post("/storage/add", json=body)
            assert (answer.status_code, "node itself" in answer.json()["detail"]) == (400, True), path


class Waiting(Vault):
    """Fails to save until it is told otherwise."""

    fails: ClassVar[bool] = True

    async def save(self, cid: str, path: Path) -> None:
        if self.fails:
            raise OSError("the far end is down")
        self.held[cid] = path.read_bytes()


async def test_an_upload_waits_for_storage_that_is_synchronous(home: Path, monkeypatch: pytest.MonkeyPatch):
    kind = StorageType(name="far", description="", config=VaultConfig, open=Waiting, synchronous=True)
    monkeypatch.setattr(Plugins, "load", lambda: giving(kind))
    async with running_node(home, workers=0) as (_, person):
        await add(person.http, type="far", name="f")
        answer = await person.http.post("/cache/upload", files={"file": ("a", b"bytes")})
        assert (answer.status_code, "the far end is down" in answer.json()["detail"]) == (503, True)
        monkeypatch.setattr(Waiting, "fails", False)
        answer = await person.http.post("/cache/upload", files={"file": ("a", b"bytes")})
        assert (answer.status_code, answer.json()["existed"]) == (201, True)
