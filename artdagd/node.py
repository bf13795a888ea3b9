"""The composition root: settings -> services -> app. The one file that knows everybody."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from contextlib import AsyncExitStack

from artdagd import __version__, health
from artdagd.access import Extensions
from artdagd.api.app import create_app
from artdagd.api.connections import widen
from artdagd.api.server import Listener
from artdagd.api.services import Services
from artdagd.auth.authority import Authority
from artdagd.database import Database
from artdagd.database.alone import alone
from artdagd.doctor import examination
from artdagd.errors import ConfigError
from artdagd.hooks import AddressRules, BlockSource
from artdagd.hooks.manager import Plugins
from artdagd.hooks.outbound import Outbound
from artdagd.hooks.types import RunEvent
from artdagd.runs.active import Active
from artdagd.runs.afar import Afar
from artdagd.runs.binding import Binder
from artdagd.runs.compute import Compute
from artdagd.runs.events import Events
from artdagd.runs.execution import Planner
from artdagd.runs.fetching import Fetching
from artdagd.runs.keeping import Keeper
from artdagd.runs.lanes import Lanes
from artdagd.runs.library import Library
from artdagd.runs.lineage import Lineage
from artdagd.runs.membership import Membership
from artdagd.runs.performance import Stage
from artdagd.runs.places import Places
from artdagd.runs.previews import Previews
from artdagd.runs.publishing import Publishing
from artdagd.runs.recipes import RecipeBook
from artdagd.runs.replication import Replication
from artdagd.runs.reproducing import Reproducer
from artdagd.runs.service import RunService
from artdagd.runs.storage import Storage
from artdagd.runs.turns import Turns
from artdagd.runs.verifying import Verifier
from artdagd.runs.watching import Watching
from artdagd.settings import Settings
from artdagd.steps.catalogue import Catalogue
from artdagd.store.blobs import BlobStore
from artdagd.store.gateway import Gateway
from artdagd.store.importing import Imports
from artdagd.store.layout import SECTIONS
from artdagd.store.providers import Providers
from artdagd.store.sealing import Sealer
from artdagd.system.notify import ServiceManager
from artdagd.system.watch import LoopWatch
from artdagd.workers.broker import Broker
from artdagd.workers.exchange import Exchange
from artdagd.workers.supervisor import Supervisor

log = logging.getLogger(__name__)


class Node:
    """A whole node in this process, started and stopped as an async context manager."""

    def __init__(self, settings: Settings, plugins: Plugins | None = None) -> None:
        self.settings = settings
        self.plugins = plugins or Plugins.load()
        self.catalogue = Catalogue.of(self.plugins)
        self.ready = False
        self.url = ""
        self.troubles: list[health.Troubles] = [health.plugins(self.plugins)]
        """What makes the node degraded."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Node:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ready = False
        self._listener.drain()
        await self._stack.aclose()

    async def _start(self) -> None:
        settings, stack = self.settings, self._stack
        examination.refuse(settings)
        stack.enter_context(alone(settings.home, settings.database))
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        membership = Membership(
            database, settings.home / "node-id", settings.cluster_key, settings.lease_seconds, __version__
        )
        await membership.join()
        stack.push_async_callback(membership.close)
        store, storage, replication = await self._stored(database, membership.node_id)
        imports = Imports(settings.import_roots, limit=settings.max_upload_bytes, own=settings.own)
        await imports.check()
        exchange = Exchange(settings.cache / "scratch", settings.reserve_bytes)
        broker = Broker(
            f"ipc://{settings.worker_socket}",
            settings.cache / "scratch",
            self.catalogue.digest,
            far=settings.worker_address,
            cluster_key=settings.cluster_key,
            exchange=exchange,
        )
        await broker.start()
        stack.push_async_callback(broker.close)
        self.troubles += [
            health.store(store),
            health.providers(store.providers),
            health.workers(broker, settings.worker_count),
        ]
        turns = Turns(database, membership)
        membership.watch(turns.settle)
        stack.push_async_callback(turns.close)
        compute = Compute(store, database, broker, turns)
        keeper = Keeper(store, database, settings.cache_capacity_bytes)
        library = Library(store, database, compute, imports, keeper, settings.user_quota_bytes, replication)
        stack.push_async_callback(library.close)
        previews = Previews(store, compute, library, self.catalogue, membership.key)
        stack.push_async_callback(previews.close)
        active, runs, reproducer, watching = self._runs(store, database, compute, library, membership)
        stack.push_async_callback(runs.close)
        stack.push_async_callback(reproducer.close)
        authority = Authority(database, settings.admins)
        await authority.tokens.ensure_admin_token(settings.home)
        stack.push_async_callback(authority.close)
        await authority.load()
        outbound = Outbound(private=settings.outbound_private)
        stack.push_async_callback(outbound.close)
        self._added = Extensions(self.plugins, settings, database, outbound, self._address, authority.revoke)
        authority.provider = self._added.identity
        await self._use_added_storage(store, library, replication)
        self.app = create_app(
            Services(
                settings=settings,
                version=__version__,
                ready=lambda: self.ready,
                troubles=lambda: health.reasons(self.troubles),
                catalogue=self.catalogue,
                plugins=self.plugins,
                workers=broker.workers,
                exchange=exchange,
                nodes=membership.nodes,
                authority=authority,
                library=library,
                lineage=Lineage(database, library),
                keeper=keeper,
                verifier=Verifier(store, database),
                reproducer=reproducer,
                watching=watching,
                fetching=self._fetching(library, store, database, outbound),
                previews=previews,
                storage=storage,
                publishing=Publishing(
                    library, store, database, self._added.publisher, self._address, settings.ipfs_gateway_url
                ),
                recipes=self._book,
                runs=runs,
            ),
            self._added.routes,
        )
        self._listener = Listener(self.app, settings.host, settings.port)
        self.url = await self._listener.start()
        stack.push_async_callback(self._listener.close)
        exchange.url = settings.worker_url or self._address()
        membership.url = self._address()
        await self._accept(broker, active, membership)
        keeper.start()
        stack.push_async_callback(keeper.close)

    def _address(self) -> str:
        """How others reach this node."""
        return (self.settings.public_url or self.url).rstrip("/")

    def _runs(
        self, store: BlobStore, database: Database, compute: Compute, library: Library, membership: Membership
    ) -> tuple[Active, RunService, Reproducer, Watching]:
        key = membership.key
        self._book = RecipeBook(database, self.catalogue)
        planner = Planner(compute, store, self.catalogue, key)
        binder = Binder(store, database, compute, self._book, self.catalogue, key)
        stage = Stage(store, database, compute, library, self.catalogue)
        settings = self.settings
        places = Places("active runs", settings.max_active_runs, settings.max_active_runs_per_user)
        events = Events()
        active = Active(stage, planner, binder, events, self._observe, places, membership)
        runs = RunService(stage, planner, binder, events, active)
        afar = Afar(database, membership)
        self._stack.push_async_callback(afar.close)
        return active, runs, Reproducer(stage, binder), Watching(stage, binder, runs, active, afar)

    async def _accept(self, broker: Broker, active: Active, membership: Membership) -> None:
        """Start workers, take up unfinished runs, and say that work is welcome."""
        settings = self.settings
        supervisor = Supervisor(broker, settings.worker_count, _worker_command(settings))
        await supervisor.start()
        self._stack.push_async_callback(supervisor.close)
        await self.plugins.call("artdag_startup", self._added.given)
        self._stack.push_async_callback(self.plugins.call, "artdag_shutdown", self._added.given)
        resumed = await active.resume()
        # The first to be done at the end: runs are others' to take before workers are waited for.
        self._stack.push_async_callback(self._hand_over, active, membership)
        address = settings.home / "address"
        unready = address.with_suffix(".new")
        unready.write_text(self.url + "\n")
        unready.replace(address)  # whoever waits for the file reads all of it
        # Who asks for the local node must not send its token to whoever takes the port next.
        self._stack.callback(address.unlink, missing_ok=True)
        self.ready = True
        log.info("artdagd %s at %s, %d workers, %d runs resumed", __version__, self.url, settings.worker_count, resumed)

    async def _hand_over(self, active: Active, membership: Membership) -> None:
        await membership.close()
        await active.close()
        await membership.leave()

    async def _observe(self, event: RunEvent) -> None:
        await self.plugins.call("artdag_run_event", event=event)

    async def _stored(self, database: Database, node_id: str) -> tuple[BlobStore, Storage, Replication]:
        """The blobs, the providers behind them, and what sends them their copies."""
        settings = self.settings
        replication = Replication(database, Providers(), node_id)
        store = BlobStore(
            settings.cache,
            reserve_bytes=settings.reserve_bytes,
            providers=replication.providers,
            ledger=replication,
        )
        await store.open()
        self._stack.push_async_callback(replication.providers.close)
        rules = _rules(settings)
        sealer = Sealer(settings.home / "secret-key")
        storage = Storage(store, replication, self.plugins.storage_types, sealer, rules, settings.own)
        lanes = Lanes(store, replication)
        await lanes.start()
        self._stack.push_async_callback(lanes.close)
        self._stack.push_async_callback(storage.close)
        await storage.open({one.name: (one.type, one.config) for one in settings.storage})
        return store, storage, replication

    async def _use_added_storage(self, store: BlobStore, library: Library, replication: Replication) -> None:
        for plugin, one in self._added.storage.items():
            if isinstance(one.backend, BlockSource):
                library.ipfs = one.backend
            self._stack.push_async_callback(one.backend.close)
            await store.providers.add(f"plugin-{plugin}", one.backend, synchronous=one.synchronous or one.primary)
            replication.primary = replication.primary or one.primary

    def _fetching(self, library: Library, store: BlobStore, database: Database, outbound: Outbound) -> Fetching:
        limit = self.settings.max_upload_bytes
        for one in self._added.storage.values():
            if isinstance(one.backend, BlockSource):
                gateway = Gateway(outbound, self.settings.ipfs_gateway_url)
                return Fetching(library, store, database, limit, one.backend, (one.backend, gateway))
        return Fetching(library, store, database, limit)


async def serve(settings: Settings) -> None:
    """Run a node until SIGTERM or SIGINT."""
    widen()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    manager = ServiceManager()
    watch = LoopWatch(manager)
    async with Node(settings) as node:
        manager.ready(f"at {node.url}")
        watch.start()
        node.troubles.append(health.loop(watch))
        print(f"artdagd {__version__} at {node.url}; admin token in {settings.home / 'admin-token'}", flush=True)
        print(f"sign a browser in at {node.url}/auth, or with: artdagctl login", flush=True)
        settling = asyncio.create_task(_settle(node, stop))
        await stop.wait()
        manager.stopping("unfinished runs go on at the next start")
        log.info("stopping: unfinished runs go on at the next start")
    await settling
    watch.close()


async def _settle(node: Node, stop: asyncio.Event) -> None:
    """What a node consists of is set apart from what comes and goes: to go through all of it for garbage again and
    again would hold the event loop for a tenth of a second each time."""
    try:
        await asyncio.to_thread(node.app.compile_pages, stop.is_set)
    except Exception:
        log.exception("the pages can't be compiled before they are asked for")
    if not stop.is_set():
        gc.collect()
        gc.freeze()


def _worker_command(settings: Settings) -> list[str]:
    return [
        sys.executable, "-m", "artdagd.cli.daemon", "worker", "--child",
        "--home", str(settings.home), "--memory", str(settings.worker_memory_bytes),
        "--sandbox", settings.worker_sandbox, "--writes", str(settings.cache / "scratch"),
        *(word for name in SECTIONS for word in ("--reads", str(settings.cache / name))),
    ]  # fmt: skip


def _rules(settings: Settings) -> AddressRules:
    """Where users' own storage may be."""
    try:
        return AddressRules(settings.outbound_private, (443,))
    except ValueError as error:
        raise ConfigError(f"outbound_private (ARTDAG_OUTBOUND_PRIVATE): {error}") from None
