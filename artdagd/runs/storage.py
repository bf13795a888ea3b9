"""Storage providers as their administrator knows them: added, tested, changed and removed while the node runs."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from artdagd.auth.principal import Principal
from artdagd.cid import cid_of_bytes
from artdagd.database import Database
from artdagd.database.providers import ProviderRow
from artdagd.errors import ConfigError, Conflict, InvalidRequest, NotFound
from artdagd.hooks import StorageBackend, StorageType
from artdagd.hooks.configs import filled
from artdagd.runs.provider_views import ProviderBody, ProviderChanges, ProviderView, Tested, TypeView
from artdagd.steps.suggest import quote
from artdagd.store import BlobStore
from artdagd.store.sealing import Sealer

TEST_SECONDS = 20.0
"""Seconds that a test of a provider may take."""

MOST = 100
"""Providers of a node."""


class Storage:
    """The providers of a node: those in its database. ``types`` are what plugins offer; ``own`` are the node's folders,
    which are no place for copies."""

    def __init__(
        self,
        store: BlobStore,
        database: Database,
        types: Mapping[str, StorageType],
        sealer: Sealer,
        own: Sequence[Path] = (),
    ) -> None:
        self._store = store
        self._database = database
        self._types = types
        self._sealer = sealer
        self._own = own
        self._rows: dict[str, ProviderRow] = {}
        self._errors: dict[str, str] = {}
        self._tested: dict[str, Tested] = {}
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Put every provider into use. One that can't be is told of in its view, and stops nothing."""
        for row in reversed(await self._database.providers.all()):
            self._rows[row.provider_id] = row
            try:
                await self._use(row, self._backend(row.type, self._whole(row)))
            except (ConfigError, InvalidRequest, NotFound) as error:
                self._errors[row.provider_id] = error.detail

    def every(self) -> list[ProviderView]:
        """Newest first."""
        return [self._view(row) for row in reversed(self._rows.values())]

    def get(self, provider_id: str) -> ProviderView:
        return self._view(self._row(provider_id))

    def type(self, name: str) -> TypeView:
        kind = self._type(name)
        return TypeView(name, kind.description, _schema(kind))

    def types(self) -> list[TypeView]:
        return [self.type(name) for name in sorted(self._types)]

    async def add(self, body: ProviderBody, who: Principal) -> ProviderView:
        """Keep a provider and put it into use. Raises InvalidRequest for a config that its type does not take."""
        async with self._turn:
            if len(self._rows) >= MOST:
                raise Conflict(f"there are {MOST} providers, the limit")
            provider_id = secrets.token_hex(8)
            backend = self._backend(body.type, body.config)
            row = ProviderRow(
                provider_id=provider_id,
                owner=who.name,
                type=body.type,
                name=body.name,
                capacity_bytes=body.capacity_bytes,
                **self._parts(provider_id, body.type, body.config),
            )
            if not await self._database.providers.add(row):
                await backend.close()
                raise Conflict(f"you have a provider called {body.name!r}", advice="Choose another name.")
            self._rows[provider_id] = row
            await self._use(row, backend)
            return self._view(row)

    async def change(self, provider_id: str, changes: ProviderChanges) -> ProviderView:
        """Change a provider. Secrets that can't be read any more are set anew. Raises as :meth:`add` does."""
        async with self._turn:
            row = self._row(provider_id)
            given = {k: v for k, v in msgspec.structs.asdict(changes).items() if v is not msgspec.UNSET}
            name = given.get("name", row.name)
            if any(one.name == name and one.owner == row.owner and one is not row for one in self._rows.values()):
                raise Conflict(f"there is a provider called {name!r}", advice="Choose another name.")
            config, backend = given.pop("config", None), None
            if config is not None:
                whole = {key: value for key, value in (self._before(row, config) | config).items() if value is not None}
                backend = self._backend(row.type, whole)
                given |= self._parts(provider_id, row.type, whole)
            await self._database.providers.update(provider_id, **given)
            self._rows[provider_id] = row = msgspec.structs.replace(row, **given)
            if backend is not None:
                await self._use(row, backend)
            return self._view(row)

    async def remove(self, provider_id: str) -> None:
        """Forget a provider. What it keeps stays with it."""
        async with self._turn:
            self._row(provider_id)
            await self._database.providers.delete(provider_id)
            del self._rows[provider_id]
            self._errors.pop(provider_id, None)
            self._tested.pop(provider_id, None)
            await self._store.providers.remove(provider_id)

    async def test(self, provider_id: str) -> Tested:
        """Save a small blob there, look for it, read it back, delete it."""
        row = self._row(provider_id)
        began = time.monotonic()
        whole: dict[str, Any] = {}
        try:
            whole = self._whole(row)
            backend = self._backend(row.type, whole)
            async with asyncio.timeout(TEST_SECONDS):
                try:
                    detail = await _tried(backend, self._store)
                finally:
                    await backend.close()
        except TimeoutError:
            detail = f"it did not answer within {TEST_SECONDS:g} s"
        except (ConfigError, InvalidRequest, NotFound) as error:
            detail = error.detail
        except Exception as error:
            detail = self._told(row.type, whole, _said(error))
        found = Tested(not detail, detail or "saved, found, read back and deleted", (time.monotonic() - began) * 1000)
        if provider_id in self._rows:
            self._tested[provider_id] = found
        return found

    async def _use(self, row: ProviderRow, backend: StorageBackend) -> None:
        self._errors.pop(row.provider_id, None)
        await self._store.providers.add(row.provider_id, backend, synchronous=self._type(row.type).synchronous)

    def _row(self, provider_id: str) -> ProviderRow:
        if provider_id not in self._rows:
            raise NotFound(f"no storage provider {provider_id} here", advice="artdagctl storage list shows them.")
        return self._rows[provider_id]

    def _type(self, name: str) -> StorageType:
        if name not in self._types:
            known = ", ".join(sorted(self._types)) or "none"
            raise NotFound(f"no storage type {quote(name)}", advice=f"Installed plugins offer: {known}.")
        return self._types[name]

    def _backend(self, type_: str, config: Mapping[str, Any]) -> StorageBackend:
        """Raises InvalidRequest for a config that the type refuses, or that leads to the node's own files."""
        kind = self._type(type_)
        for name, value in config.items():
            if isinstance(value, str) and value.startswith("/") and "\0" not in value and self._is_own(Path(value)):
                raise InvalidRequest(f"{name} of a {type_} provider lies in the folders of the node itself")
        try:
            return kind.open(filled(kind.config, config))
        except Exception as error:  # whatever a plugin raises is about its config
            said = self._told(type_, config, str(error) or type(error).__name__)
            raise InvalidRequest(f"the config of a {type_} provider: {said}") from None

    def _is_own(self, path: Path) -> bool:
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(one)) for one in self._own)

    def _told(self, type_: str, config: Mapping[str, Any], text: str) -> str:
        """What a plugin says of a provider, without its secrets."""
        for name in _secrets(self._type(type_)):
            if secret := str(config.get(name) or ""):
                text = text.replace(secret, "…")
        return text[:500]

    def _parts(self, provider_id: str, type_: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """A config as it is kept: what may be seen, and what is sealed."""
        hidden = {key: value for key, value in config.items() if key in _secrets(self._type(type_))}
        sealed = self._sealer.seal(msgspec.json.encode(hidden).decode(), provider_id) if hidden else None
        return {"config": {key: config[key] for key in config if key not in hidden}, "secrets": sealed}

    def _whole(self, row: ProviderRow) -> dict[str, Any]:
        hidden = msgspec.json.decode(self._sealer.open(row.secrets, row.provider_id)) if row.secrets else {}
        return row.config | hidden

    def _before(self, row: ProviderRow, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The config before ``changes``. Raises Conflict if its secrets can't be read and none is set anew."""
        try:
            return self._whole(row)
        except ConfigError as error:
            if _secrets(self._type(row.type)).isdisjoint(changes):
                raise Conflict(error.detail, advice=error.advice) from None
            return row.config

    def _view(self, row: ProviderRow) -> ProviderView:
        kind = self._types.get(row.type)
        return ProviderView(
            provider_id=row.provider_id,
            type=row.type,
            name=row.name,
            owner=row.owner,
            config=row.config,
            secrets=sorted(_secrets(kind)) if kind and row.secrets else [],
            capacity_bytes=row.capacity_bytes,
            created_at=row.created_at,
            error=self._errors.get(row.provider_id),
            tested=self._tested.get(row.provider_id),
        )


async def _tried(backend: StorageBackend, store: BlobStore) -> str:
    """What is wrong with ``backend``; empty if nothing is."""
    data = f"artdagd tries a storage provider: {secrets.token_hex(16)}\n".encode()
    cid = str(cid_of_bytes(data))
    with tempfile.NamedTemporaryFile(dir=store.layout.tmp) as file:
        file.write(data)
        file.flush()
        await backend.save(cid, Path(file.name))
    try:
        if await backend.size(cid) != len(data):
            return "it took a blob and does not find it again"
        given = b""
        async for chunk in backend.load(cid):
            given += chunk
            if len(given) > len(data):
                break
        if given != data:
            return "it gave other bytes than it took"
    finally:
        await backend.delete(cid)
    return ""


def _said(error: Exception) -> str:
    """What went wrong, in the words of the system where they are its."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _schema(kind: StorageType) -> dict[str, Any]:
    schema = msgspec.json.schema(kind.config)
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schema["$defs"].pop(name)
    if schema["$defs"]:
        found["$defs"] = schema["$defs"]
    return found


def _secrets(kind: StorageType) -> set[str]:
    return {name for name, field in _schema(kind)["properties"].items() if field.get("writeOnly")}
