"""A node's API with fakes behind it, served on a real socket."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from artdagd.api.app import App, create_app
from artdagd.api.server import Listener
from artdagd.api.services import Services
from artdagd.auth.attempts import Attempts
from artdagd.auth.principal import Principal
from artdagd.errors import Fault, InvalidRecipe, NotFound, TooBusy, Unauthorized
from artdagd.hooks.manager import PluginInfo
from artdagd.runs.previews import Preview
from artdagd.runs.views import Checked, Content, Entry, Event, Page, Progress, Received, RecipeView, RunView
from artdagd.settings import Settings


class Authority:
    """Knows two tokens; no sessions. ``ended`` is what streams watch."""

    known = {  # noqa: RUF012
        "good": Principal("ann", is_admin=True),
        "reader": Principal("bob", scopes=("read",)),
    }

    def __init__(self) -> None:
        self.attempts = Attempts()
        self.provider = None
        self.ended = asyncio.Event()

    async def authenticate(self, token: str) -> Principal:
        if token not in self.known:
            raise Unauthorized("this token is not known here")
        return self.known[token]

    async def of_session(self, text: str) -> Principal:
        raise Unauthorized("no sessions here")

    def check_still(self, who: Principal) -> None:
        pass

    @contextmanager
    def watch(self, who: Principal) -> Iterator[asyncio.Event]:
        yield self.ended


@dataclass
class Library:
    """Keeps what came in memory and in files of ``folder``."""

    folder: Path
    media_type: str = "video/mp4"
    entries: dict[str, Entry] = field(default_factory=dict)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    abandoned: int = 0
    error: Exception | None = None

    async def receive(
        self, chunks: AsyncIterator[bytes], *, filename: str | None, who: Principal, coming: int
    ) -> Received:
        self.started.set()
        data = b""
        try:
            async for chunk in chunks:
                if self.error:
                    raise self.error
                data += chunk
        except BaseException:
            self.abandoned += 1
            raise
        return self.put(data, filename)

    def put(self, data: bytes, filename: str | None = None) -> Received:
        cid = "b" + hashlib.sha256(data).hexdigest()[:20]
        existed = cid in self.entries
        (self.folder / cid).write_bytes(data)
        self.entries[cid] = Entry(
            cid=cid,
            size=len(data),
            media_type=self.media_type,
            filename=filename,
            kind="video",
            created_at="2026-01-01T00:00:00Z",
        )
        return Received(self.entries[cid], existed)

    async def entry(self, cid: str, who: Principal | None) -> Entry:
        if cid not in self.entries:
            raise NotFound(f"no blob {cid} here")
        return self.entries[cid]

    async def list(
        self, who: Principal, *, kind: str | None, q: str | None, order: str, page: int, limit: int
    ) -> Page[Entry]:
        found = [entry for entry in self.entries.values() if kind in (None, entry.kind)]
        return Page(found[(page - 1) * limit : page * limit], page, limit, len(found), page * limit < len(found))

    async def update_meta(self, cid: str, who: Principal, changes: Any) -> Entry:
        given = {k: v for k, v in msgspec.structs.asdict(changes).items() if v is not msgspec.UNSET}
        self.entries[cid] = msgspec.structs.replace(await self.entry(cid, who), **given)
        return self.entries[cid]

    async def delete(self, cid: str, who: Principal) -> None:
        await self.entry(cid, who)
        del self.entries[cid]

    async def open(self, cid: str, who: Principal | None, check: object = None) -> Content:
        entry = await self.entry(cid, who)
        return Content(cid, str(self.folder / cid), entry.size, entry.media_type, entry.filename)


class Previews:
    """Gives what it has; ``asked`` is what was asked for."""

    def __init__(self) -> None:
        self.made: Content | None = None
        self.asked: list[tuple[str, Preview, str]] = []

    async def get(self, cid: str, wanted: Preview, who: Principal) -> Content | None:
        if cid == "bnothere":
            raise NotFound(f"no blob {cid} here")
        self.asked.append((cid, wanted, who.name))
        return self.made


class Recipes:
    def __init__(self) -> None:
        self.texts: list[bytes] = []

    async def upload(self, text: bytes, who: Principal) -> tuple[RecipeView, bool]:
        if b"wrong" in text:
            raise InvalidRecipe("1 fault", faults=[Fault("steps.a.type", "no step type 'wrong'", 3, 9)])
        self.texts.append(text)
        return self._view(text), True

    async def check(self, text: bytes) -> Checked:
        return Checked(True, [], {}, {})

    async def list(self, who: Principal, page: int, limit: int, q: str | None = None) -> Page[RecipeView]:
        return Page([self._view(text) for text in self.texts], page, limit, len(self.texts), False)

    def _view(self, text: bytes) -> RecipeView:
        return RecipeView(
            recipe_id="r1", cid="r1", name="demo", version="1", description="", inputs={}, params={}, steps=[],
            output="a", yaml=text.decode(),
        )  # fmt: skip


class Runs:
    def __init__(self) -> None:
        self.started: list[tuple[Any, str | None]] = []
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.after: int | None = None
        self.listeners = 0
        self.listening = asyncio.Event()
        self.left = asyncio.Event()
        self.busy = False

    async def start(self, request: Any, who: Principal, idempotency_key: str | None = None) -> RunView:
        if self.busy:
            raise TooBusy("too many runs", retry_after=10)
        self.started.append((request, idempotency_key))
        return run("run-1")

    async def get(self, run_id: str, who: Principal) -> RunView:
        if run_id == "boom":
            raise RuntimeError("secret detail")
        if run_id != "run-1":
            raise NotFound(f"no run {run_id} here")
        return run(run_id)

    async def list(self, who: Principal, status: Any, recipe: Any, page: int, limit: int) -> Page[RunView]:
        return Page([run("run-1")], page, limit, 1, False)

    async def events(self, run_id: str, who: Principal, after: int | None) -> AsyncIterator[Event]:
        await self.get(run_id, who)
        return self._told(after)

    async def _told(self, after: int | None) -> AsyncIterator[Event]:
        self.after = after
        self.listeners += 1
        self.listening.set()
        try:
            while (event := await self.queue.get()) is not None:
                yield event
        finally:
            self.listeners -= 1
            self.left.set()


def run(run_id: str) -> RunView:
    return RunView(
        run_id=run_id, status="running", recipe=None, effect="negate", inputs={}, params={}, plan_id=None,
        output_cid=None, error=None, progress=Progress(0, 1, 0.0), created_at="2026-01-01T00:00:00Z", started_at=None,
        finished_at=None, owner="ann", provenance_cid=None, passes_run=0, steps=[],
    )  # fmt: skip


class Catalogue:
    def describe(self) -> list[dict[str, Any]]:
        about = {"name": "SPEED", "kind": "step", "plugin": "artdagd", "version": "1", "description": "", "inputs": []}
        return [{**about, "config_schema": {"type": "object"}, "example": {"factor": 2}}]


class Plugins:
    def report(self) -> list[PluginInfo]:
        return [PluginInfo("effects", "artdagd-effects", "0.1", {"effects": ["negate"]}, None)]


class Worker(msgspec.Struct):
    name: str = "w1"
    state: str = "idle"
    doing: tuple[str, ...] = ()
    done: int = 0
    failed: int = 0
    memory: int | None = None
    pid: int = 1
    host: str = "here"
    since: str = "2026-01-01T00:00:00Z"
    blobs: str = "folder"
    sandbox: str = ""
    tasks: tuple[()] = ()


@dataclass
class Backing:
    """What stands behind the API in these tests."""

    library: Library
    previews: Previews = field(default_factory=Previews)
    recipes: Recipes = field(default_factory=Recipes)
    runs: Runs = field(default_factory=Runs)
    ready: bool = True
    troubles: tuple[str, ...] = ()
    authority: Authority = field(default_factory=Authority)

    def services(self, **settings: Any) -> Services:
        return Services(
            settings=Settings(home=self.library.folder, **settings),
            version="1.2.3",
            ready=lambda: self.ready,
            troubles=lambda: self.troubles,
            catalogue=Catalogue(),
            plugins=Plugins(),
            workers=lambda: [Worker()],
            exchange=None,  # type: ignore[arg-type]
            nodes=None,  # type: ignore[arg-type]
            authority=self.authority,  # type: ignore[arg-type]
            library=self.library,  # type: ignore[arg-type]
            lineage=None,  # type: ignore[arg-type]
            keeper=None,  # type: ignore[arg-type]
            verifier=None,  # type: ignore[arg-type]
            reproducer=None,  # type: ignore[arg-type]
            watching=None,  # type: ignore[arg-type]
            fetching=self.library,  # type: ignore[arg-type]
            storage=None,  # type: ignore[arg-type]
            publishing=None,  # type: ignore[arg-type]
            previews=self.previews,  # type: ignore[arg-type]
            recipes=self.recipes,  # type: ignore[arg-type]
            runs=self.runs,  # type: ignore[arg-type]
        )


@pytest.fixture
def backing(tmp_path: Path) -> Backing:
    return Backing(Library(tmp_path))


@pytest.fixture
def app(backing: Backing) -> App:
    return create_app(backing.services(max_upload_bytes=3 << 20))


@pytest.fixture
async def address(app: App) -> AsyncIterator[str]:
    listener = Listener(app, "127.0.0.1", 0)
    yield await listener.start()
    await listener.close()


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in."""
    headers = {"Authorization": "Bearer good"}
    async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=20) as made:
        yield made


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Waits for a condition that nothing announces."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    return wait
