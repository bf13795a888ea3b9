"""Storage providers as their owners know them: added, tested, changed and removed while the node runs."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from artdagd.auth.principal import Principal
from artdagd.cid import cid_of_bytes
from artdagd.database.providers import ProviderRow
from artdagd.database.replicas import Tally
from artdagd.errors import ArtdagError, ConfigError, Conflict, Fault, Forbidden, InvalidRequest, NotFound
from artdagd.hooks import AddressRules, StorageBackend, StorageType
from artdagd.hooks.configs import filled
from artdagd.runs.provider_views import ProviderBody, ProviderChanges, ProviderView, Tested, TypeView
from artdagd.runs.replication import Replication
from artdagd.steps.suggest import quote
from artdagd.store import BlobStore
from artdagd.store.providers import said
from artdagd.store.sealing import Sealer

log = logging.getLogger(__name__)

Fixed: TypeAlias = tuple[str, Mapping[str, Any]]
"""Type and config of a provider of the settings."""

TEST_SECONDS = 20.0
"""Seconds that a test of a provider may take."""

MOST = 100
MOST_EACH = 10
"""Providers of a node, and of one user who is no administrator."""

FIXED = "settings-"
"""What the ids of providers of the settings file begin with."""

LOOK_SECONDS = 30.0
"""How often a node looks for providers that another node on its database has added or changed."""


class Storage:
    """The providers of a node: those of its settings, and those in its database. ``types`` are what plugins offer;
    ``own`` are the node's folders, which are no place for copies; ``rules`` bind those that serve one user."""

    def __init__(
        self,
        store: BlobStore,
        replication: Replication,
        types: Mapping[str, StorageType],
        sealer: Sealer,
        rules: AddressRules,
        own: Sequence[Path] = (),
    ) -> None:
        self._store = store
        self._replication = replication
        self._database = replication.database
        self._types = types
        self._sealer = sealer
        self._rules = rules
        self._own = own
        self._looking: asyncio.Task[None] | None = None
        self._rows: dict[str, ProviderRow] = {}
        self._errors: dict[str, str] = {}
        self._tested: dict[str, Tested] = {}
        self._turn = asyncio.Lock()

    async def open(self, fixed: Mapping[str, Fixed] = {}) -> None:
        """Put every provider into use, those of the settings (by name) first. One that can't be is told of in its view,
        and stops nothing; but of the settings, it raises ConfigError."""
        for name, (type_, config) in fixed.items():
            row = ProviderRow(provider_id=f"{FIXED}{name}", owner="", type=type_, name=name, config=dict(config))
            self._rows[row.provider_id] = row
            try:
                await self._use(row, self._type(type_).open(filled(self._type(type_).config, config, strict=True)))
            except NotFound as error:
                raise ConfigError(f"storage {name}: {error.detail}", advice=error.advice) from None
            except ValueError as error:
                raise ConfigError(f"storage {name}: {error}") from None
        await self._database.replicas.prune()
        await self._look()
        if not self._database.nodes.alone:
            self._looking = asyncio.create_task(self._keep_looking())

    async def close(self) -> None:
        """Look no more for what other nodes change."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def every(self, who: Principal) -> list[ProviderView]:
        """Those that ``who`` sees, newest first."""
        tallies = await self._replication.tallies()
        return [self._view(row, tallies) for row in reversed(self._every().values()) if _sees(who, row)]

    async def get(self, provider_id: str, who: Principal) -> ProviderView:
        return self._view(self._row(provider_id, who), await self._replication.tallies())

    def names(self, who: Principal) -> dict[str, str]:
        """What the providers that ``who`` sees are called, by id."""
        return {row.provider_id: row.name for row in self._every().values() if _sees(who, row)}

    def _every(self) -> dict[str, ProviderRow]:
        """All rows, and one for each provider that a plugin's settings brought."""
        brought = [one.provider_id for one in self._store.providers.every() if one.provider_id not in self._rows]
        made = [ProviderRow(provider_id=one, owner="", type=one.partition("-")[2], name=one) for one in brought]
        return {row.provider_id: row for row in made} | self._rows

    def type(self, name: str) -> TypeView:
        kind = self._type(name)
        return TypeView(name, kind.description, _schema(kind), kind.open_within is not None)

    def types(self, who: Principal) -> list[TypeView]:
        """Those of which ``who`` may add a provider."""
        found = [self.type(name) for name in sorted(self._types)]
        return [one for one in found if one.for_users or who.may("admin")]

    async def add(self, body: ProviderBody, who: Principal) -> ProviderView:
        """Keep a provider and put it into use. Raises InvalidRequest for a config that its type does not take, and
        Forbidden for a type or a provider that is for administrators alone."""
        for_node = who.may("admin") if body.for_node is None else body.for_node
        if for_node and not who.may("admin"):
            raise Forbidden("a provider for the node is added by an administrator", advice="Leave for_node away.")
        async with self._turn:
            if sum(not one.startswith(FIXED) for one in self._rows) >= MOST:
                raise Conflict(f"there are {MOST} providers, the limit")
            if not who.may("admin") and sum(row.owner == who.name for row in self._rows.values()) >= MOST_EACH:
                raise Conflict(f"you have {MOST_EACH} providers, the limit", advice="Remove one.")
            provider_id = secrets.token_hex(8)
            backend = self._backend(body.type, body.config, within=not for_node)
            row = ProviderRow(
                provider_id=provider_id,
                owner=who.name,
                type=body.type,
                name=body.name,
                capacity_bytes=body.capacity_bytes,
                for_node=for_node,
                **self._parts(provider_id, body.type, body.config),
            )
            if not await self._database.providers.add(row):
                await backend.close()
                raise Conflict(f"you have a provider called {body.name!r}", advice="Choose another name.")
            self._rows[provider_id] = row
            await self._use(row, backend)
            return self._view(row, {})

    async def change(self, provider_id: str, changes: ProviderChanges, who: Principal) -> ProviderView:
        """Change a provider. Secrets that can't be read any more are set anew. Raises as :meth:`add` does."""
        async with self._turn:
            row = self._row(provider_id, who, to_change=True)
            given = {k: v for k, v in msgspec.structs.asdict(changes).items() if v is not msgspec.UNSET}
            name = given.get("name", row.name)
            if any(one.name == name and one.owner == row.owner and one is not row for one in self._rows.values()):
                raise Conflict(f"there is a provider called {name!r}", advice="Choose another name.")
            config, backend = given.pop("config", None), None
            if config is not None:
                whole = {key: value for key, value in (self._before(row, config) | config).items() if value is not None}
                backend = self._backend(row.type, whole, within=not row.for_node)
                given |= self._parts(provider_id, row.type, whole)
            await self._database.providers.update(provider_id, **given)
            before, row = row, msgspec.structs.replace(row, **given)
            self._rows[provider_id] = row
            if row.config != before.config:  # it may be another place
                await self._database.replicas.renew(provider_id)
            else:
                await self._database.replicas.retry(provider_id)
            if backend is not None:
                await self._use(row, backend)
            elif used := self._store.providers.get(provider_id):
                used.capacity_bytes = row.capacity_bytes
                used.work.set()
            return self._view(row, await self._replication.tallies())

    async def remove(self, provider_id: str, who: Principal) -> None:
        """Forget a provider. What it keeps stays with it."""
        async with self._turn:
            self._row(provider_id, who, to_change=True)
            await self._database.providers.delete(provider_id)
            await self._forget(provider_id)

    async def _forget(self, provider_id: str) -> None:
        del self._rows[provider_id]
        self._errors.pop(provider_id, None)
        self._tested.pop(provider_id, None)
        await self._store.providers.remove(provider_id)
        await self._database.replicas.remove(provider_id)

    async def test(self, provider_id: str, who: Principal) -> Tested:
        """Save a small blob there, look for it, read it back, delete it."""
        row = self._row(provider_id, who)
        began = time.monotonic()
        whole: dict[str, Any] = {}
        try:
            whole = self._whole(row)
            backend = self._backend(row.type, whole, within=not row.for_node)
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
            detail = self._told(row.type, whole, said(error))
        found = Tested(not detail, detail or "saved, found, read back and deleted", (time.monotonic() - began) * 1000)
        if provider_id in self._rows:
            self._tested[provider_id] = found
        return found

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except ArtdagError as error:
                log.warning("providers are not looked for: %s", error.detail)
            except Exception:
                log.exception("providers are not looked for")

    async def _look(self) -> None:
        """Take over what the database has of providers."""
        async with self._turn:
            rows = {row.provider_id: row for row in reversed(await self._database.providers.all())}
            for gone in [one for one in self._rows if one not in rows and not one.startswith(FIXED)]:
                await self._forget(gone)
            for row in rows.values():
                if self._rows.get(row.provider_id) != row:
                    self._rows[row.provider_id] = row
                    try:
                        await self._use(row, self._backend(row.type, self._whole(row), within=not row.for_node))
                    except (ConfigError, Forbidden, InvalidRequest, NotFound) as error:
                        self._errors[row.provider_id] = error.detail

    async def _use(self, row: ProviderRow, backend: StorageBackend) -> None:
        self._errors.pop(row.provider_id, None)
        await self._store.providers.add(
            row.provider_id,
            backend,
            owner="" if row.for_node else row.owner,
            synchronous=self._type(row.type).synchronous,
            capacity_bytes=row.capacity_bytes,
            told=lambda text: self._told(row.type, self._whole(row), text),
        )

    def _row(self, provider_id: str, who: Principal, *, to_change: bool = False) -> ProviderRow:
        row = self._every().get(provider_id)
        if row is None or not _sees(who, row):
            raise NotFound(f"no storage provider {provider_id} here", advice="artdagctl storage list shows them.")
        if to_change and not row.owner:
            raise Conflict(f"{row.name} is in the node's settings", advice="Change it there, and restart the node.")
        return row

    def _type(self, name: str) -> StorageType:
        if name not in self._types:
            known = ", ".join(sorted(self._types)) or "none"
            raise NotFound(f"no storage type {quote(name)}", advice=f"Installed plugins offer: {known}.")
        return self._types[name]

    def _backend(self, type_: str, config: Mapping[str, Any], *, within: bool) -> StorageBackend:
        """Open one, ``within`` the rules for users. Raises InvalidRequest for a config that the type refuses, or that
        leads to the node's own files; Forbidden for a type that is not for users."""
        kind = self._type(type_)
        if within and kind.open_within is None:
            known = ", ".join(sorted(name for name, one in self._types.items() if one.open_within)) or "none"
            raise Forbidden(
                f"{type_} storage serves the whole node: an administrator adds it", advice=f"For one user: {known}."
            )
        for name, value in config.items():
            if isinstance(value, str) and value.startswith("/") and "\0" not in value and self._is_own(Path(value)):
                raise InvalidRequest(f"{name} of a {type_} provider lies in the folders of the node itself")
        try:
            chosen = filled(kind.config, config)
            return kind.open_within(chosen, self._rules) if within and kind.open_within else kind.open(chosen)
        except Exception as error:  # whatever a plugin raises is about its config
            said = self._told(type_, config, str(error) or type(error).__name__)
            place = re.fullmatch(r"(?s)(.*) - at `\$\.([^`]*)`", said)
            faults = [Fault(f"config.{place[2]}", place[1])] if place else ()
            raise InvalidRequest(f"the config of a {type_} provider: {said}", faults=faults) from None

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

    def _view(self, row: ProviderRow, tallies: Mapping[str, Tally]) -> ProviderView:
        kind = self._types.get(row.type)
        hidden = _secrets(kind) if kind else set()
        tally, used = tallies.get(row.provider_id, Tally()), self._store.providers.get(row.provider_id)
        return ProviderView(
            provider_id=row.provider_id,
            type=row.type,
            name=row.name,
            owner=row.owner,
            config={key: value for key, value in row.config.items() if key not in hidden},
            secrets=sorted(hidden) if row.secrets else [],
            capacity_bytes=row.capacity_bytes,
            created_at=row.created_at,
            error=self._errors.get(row.provider_id),
            for_node=row.for_node,
            synchronous=kind is not None and kind.synchronous,
            blobs=tally.blobs,
            bytes=tally.bytes,
            owed=tally.owed,
            failing=tally.failing,
            last_error=(used.circuit.error if used else "") or tally.last_error,
            circuit=used.circuit.state if used else "closed",
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


def _sees(who: Principal, row: ProviderRow) -> bool:
    return who.sees is None or (not row.for_node and row.owner == who.name)


def _schema(kind: StorageType) -> dict[str, Any]:
    schema = msgspec.json.schema(kind.config)
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schema["$defs"].pop(name)
    if schema["$defs"]:
        found["$defs"] = schema["$defs"]
    return found


def _secrets(kind: StorageType) -> set[str]:
    return {name for name, field in _schema(kind)["properties"].items() if field.get("writeOnly")}
