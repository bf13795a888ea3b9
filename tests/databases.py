"""Which database the nodes of tests have: SQLite; or, with ``ARTDAG_TEST_DATABASE=postgresql``, each home one of its
own on a PostgreSQL server that the whole test run shares."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SETTING = "ARTDAG_TEST_DATABASE"
SERVER = "ARTDAG_TEST_POSTGRESQL"
"""Set by the test run for its processes: the server's URL, without a database's name."""
TEMPLATE = "artdagd_template"

_made: dict[str, Path] = {}
_template: list[bytes] = []
_server = ExitStack()


def on_postgresql() -> bool:
    chosen = os.environ.get(SETTING, "")
    assert chosen in ("", "sqlite", "postgresql"), f"{SETTING} is {chosen!r}: write sqlite or postgresql"
    return chosen == "postgresql"


def url_of(home: Path) -> str:
    """The URL of the database of the node in ``home``, or of a test with that folder: the same each time."""
    if not on_postgresql():
        return f"sqlite:///{home / 'artdagd.sqlite'}"
    if SERVER not in os.environ:
        start_server()
    name = f"home_{sha256(str(home).encode()).hexdigest()[:32]}"
    if name not in _made:
        _wait_for(_create(name))
        _made[name] = home
    return f"{os.environ[SERVER]}/{name}"


def prepare(home: Path) -> None:
    """Give a node that starts in ``home`` for the first time a database with the newest schema: Alembic takes longer
    than all else of a start."""
    if on_postgresql() or (home / "artdagd.sqlite").exists():
        return
    if not _template:
        _wait_for(_migrate())
    (home / "artdagd.sqlite").write_bytes(_template[0])
    (home / "artdagd.sqlite").chmod(0o600)


async def _migrate() -> None:
    from artdagd.database import Database

    with TemporaryDirectory() as folder:
        file = Path(folder) / "artdagd.sqlite"
        await (await Database.open(f"sqlite:///{file}")).close()
        _template.append(file.read_bytes())


def environment(home: Path) -> dict[str, str]:
    """What a node in a process of its own has to be told."""
    return {"DATABASE_URL": url_of(home)} if on_postgresql() else {}


def drop_under(folder: Path) -> None:
    """Drop the databases of homes under ``folder``: each is eight megabytes."""
    names = [name for name, home in _made.items() if home.is_relative_to(folder)]
    if names:
        _wait_for(_drop(names))
    for name in names:
        del _made[name]


def start_server() -> None:
    """Run a server until this process ends, with a template that has the newest schema; tell all processes where."""
    from artdagd.database import Database
    from tests import postgres

    programs = postgres.binaries()
    assert programs, f"{SETTING}=postgresql needs PostgreSQL: apt-get install postgresql"
    os.environ[SERVER] = _server.enter_context(postgres.running(programs)).url
    _server.callback(os.environ.pop, SERVER)
    atexit.register(stop_server)

    async def fill() -> None:
        await _create(TEMPLATE, "template0")
        await (await Database.open(f"{os.environ[SERVER]}/{TEMPLATE}")).close()

    _wait_for(fill())


def stop_server() -> None:
    _server.close()


async def _create(name: str, template: str = TEMPLATE) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{os.environ[SERVER]}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    except asyncpg.DuplicateDatabaseError:
        pass  # another process of this test runs a node in the same home
    finally:
        await connection.close()


async def _drop(names: list[str]) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{os.environ[SERVER]}/postgres")
    try:
        for name in names:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work`` in a thread: the caller may be in an event loop of its own."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
