"""``artdagctl db``: the node's database, without the node. It works on what the node's settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from artdagd.cli.problems import EX_CONFIG, FAILED, clean
from artdagd.cli.show import Show, json_option

if TYPE_CHECKING:
    from artdagd.database.checking import Needed
    from artdagd.settings import Settings

T = TypeVar("T")

LISTED = 20
"""Blobs that are listed when some are missing."""


class Refused(click.ClickException):
    """What was asked can't be done; the code is 78 where the settings or the database itself are in the way."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]

    def format_message(self) -> str:
        return clean(self.message)


@click.group()
def db() -> None:
    """The node's database. Give these commands the settings that the node has: file, environment and user."""


def _command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that is given ``settings`` and ``show``, and whose errors end in a message and a code."""

    def make(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        def run(config: Path | None, **given: Any) -> Any:
            from artdagd.errors import ArtdagError, ConfigError
            from artdagd.settings import load_settings

            try:
                return function(settings=load_settings(config), **given)
            except ArtdagError as error:
                told = error.detail + (f"\n  {error.advice}" if error.advice else "")
                raise Refused(told, EX_CONFIG if isinstance(error, ConfigError) else FAILED) from None

        file = click.Path(dir_okay=False, path_type=Path)
        option = click.option("--config", type=file, help="The node's settings file (YAML).")
        return db.command(name)(option(json_option(run)))

    return make


a_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@_command("upgrade")
def upgrade(settings: Settings, show: Show) -> None:
    """Bring the schema up to date, as a start of the node would; the node must not run."""
    from artdagd.database import opening
    from artdagd.database.alone import alone
    from artdagd.database.tables import SCHEMA

    async def work() -> str | None:
        async with opening.as_it_is(settings.database) as engine:
            async with engine.connect() as connection:
                before = await connection.run_sync(opening.schema)
            opening.judged(before)
        await (await opening.open_engine(settings.database)).dispose()
        return before

    with alone(settings.home, settings.database):
        before = asyncio.run(work())
    said = f"schema {SCHEMA}: nothing to do" if before == SCHEMA else f"schema {before or 'none'} is now {SCHEMA}"
    show.value({"from": before, "to": SCHEMA}, [said])


@_command("check")
def check(settings: Settings, show: Show) -> int:
    """Look the database over: reachable, sound, schema, rows, and whether the blobs are here that it counts on.

    The node may run. Exit code 1 if something is wrong.
    """
    from artdagd.database.checking import check as look
    from artdagd.store.inventory import files_of

    found, needed = asyncio.run(look(settings.database))
    missing = [cid for cid, path in files_of(settings.cache, needed.kept).items() if path is None]
    lines = [f"{found.place}, schema {found.schema or 'none'}"]
    lines += ["" if found.schema == found.newest else f"the next start brings it to {found.newest}"]
    lines += [f"{count:>10}  {name}" for name, count in found.rows.items()]
    lines += [f"{len(needed.kept) - len(missing)} of the {len(needed.kept)} blobs that can't be made again are here"]
    lines += [f"not here: {cid}" for cid in missing[:LISTED]]
    lines += [f"wrong: {fault}" for fault in found.faults] or ["sound"]
    value = msgspec.to_builtins(found) | {"blobs": len(needed.kept), "not_here": missing}
    show.value(value, [line for line in lines if line])
    return FAILED if found.faults else 0


@_command("backup")
@a_file
def backup(settings: Settings, file: Path, show: Show) -> None:
    """Write the database to FILE, while the node runs, and to FILE.blobs which files under CACHE_DIR belong to it.

    FILE is an SQLite database, whatever the node's is. Copy the blobs after it:
    rsync -a --files-from=FILE.blobs CACHE_DIR/ BACKUP/
    """
    from artdagd.database.backup import back_up

    with _progress(show, "copying") as tell:
        asyncio.run(back_up(settings.database, file, tell))
    needed = asyncio.run(_needed(file))
    listing = file.with_name(file.name + ".blobs")
    here, missing = _list_blobs(settings, needed, listing)
    value = {"file": str(file), "blobs": str(listing), "here": here, "not_here": missing}
    lines = [str(file), f"{listing}: {here} files"]
    if missing:
        lines.append(f"{len(missing)} blobs that can't be made again are not under {settings.cache}: see {listing}")
    show.value(value, lines)
    show.remark(f"keep with it: admin-token, node-id, secret-key and plugins/ of {settings.home}")


@_command("restore")
@a_file
@click.option("--skip-blobs", is_flag=True, help="Don't hash the blobs that the backup counts on.")
def restore(settings: Settings, file: Path, skip_blobs: bool, show: Show) -> int:
    """Restore the backup FILE into the node's database, which must be new or empty, and verify it and its blobs.

    The node must not run. Exit code 1 if blobs are missing or damaged; the database is restored all the same.
    """
    from artdagd.database.alone import alone
    from artdagd.database.restoring import restore as put_back
    from artdagd.store.inventory import damaged, files_of

    with alone(settings.home, settings.database), _progress(show, "restoring") as tell:
        copied, needed = asyncio.run(put_back(file, settings.database, tell))
    files = files_of(settings.cache, needed.kept)
    wrong: list[str] = []
    if not skip_blobs:
        with _progress(show, "verifying blobs") as tell:
            wrong = damaged(files, lambda done: tell("blobs", done, len(files)))
    missing = [cid for cid, path in files.items() if path is None]
    lines = [f"{rows.count:>10}  {name}" for name, rows in copied.items()]
    lines += [f"missing: {cid}" for cid in missing[:LISTED]] + [f"damaged: {cid}" for cid in wrong[:LISTED]]
    good, how = len(files) - len(missing) - len(wrong), "here" if skip_blobs else "here and whole"
    lines.append(f"{good} of the {len(files)} blobs that can't be made again are {how}")
    show.value({"rows": msgspec.to_builtins(copied), "missing": missing, "damaged": wrong}, lines)
    return FAILED if missing or wrong else 0


@_command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(settings: Settings, source: str, target: str, show: Show) -> None:
    """Copy every row FROM one database TO another, which is new or empty; both as DATABASE_URL has them.

    In one transaction, and compared row by row. The node must not run. A password may be in PGPASSWORD or ~/.pgpass.
    """
    from artdagd.database.alone import alone
    from artdagd.database.copying import copy as copy_rows

    with alone(settings.home, settings.database), _progress(show, "copying") as tell:
        copied = asyncio.run(copy_rows(source, target, tell))
    lines = [f"{rows.count:>10}  {name:16} {rows.digest[:16]}" for name, rows in copied.items()]
    show.value(msgspec.to_builtins(copied), [*lines, "every row was read back as it was"])


@_command("rebuild")
def rebuild(settings: Settings, show: Show) -> int:
    """Make the database again from the blobs, as far as they tell: when it is lost, and there is no backup.

    What it has stays; what it lacks is added. Back come completed runs with their steps, results, provenance and
    recipes, and media with their owners; media of no run become the administrator's. Not: names, titles and tags of
    media, recipes that never ran, unfinished and failed runs, tokens, sessions, publications, storage providers, what
    plugins keep. The node must not run. Exit code 1 if files were damaged: they are in quarantine.
    """
    from artdagd.auth.tokens import ADMIN
    from artdagd.database import Database
    from artdagd.database.alone import alone
    from artdagd.hooks.manager import Plugins
    from artdagd.runs.rebuilding import Rebuilding, Rebuilt
    from artdagd.steps.catalogue import Catalogue
    from artdagd.store import BlobStore

    async def work(tell: Callable[[str, int, int], None]) -> Rebuilt:
        store = BlobStore(settings.cache, reserve_bytes=settings.reserve_bytes)
        await store.open()
        total = len([cid async for cid in store.cids()])
        database = await Database.open(settings.database)
        try:
            rebuilding = Rebuilding(store, database, Catalogue.of(Plugins.load()), ADMIN)
            return await rebuilding.run(lambda done: tell("files", done, total))
        finally:
            await database.close()

    with alone(settings.home, settings.database), _progress(show, "reading") as tell:
        done = asyncio.run(work(tell))
    lines = [
        f"{done.files} files looked at, {len(done.damaged)} of them damaged",
        f"{done.runs} runs, {done.recipes} recipes, {done.results} results, {done.media} media restored",
        f"{done.unclaimed} media of no run are now the administrator's",
    ]
    lines += [f"{done.incomplete} runs have no steps: their plans are gone"] * bool(done.incomplete)
    lines += [f"damaged: {cid}" for cid in done.damaged[:LISTED]]
    show.value(msgspec.to_builtins(done), lines)
    return FAILED if done.damaged else 0


@contextmanager
def _progress(show: Show, what: str) -> Iterator[Callable[[str, int, int], None]]:
    with show.bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda name, done, total: bar.update(task, description=f"{what} {name}", completed=done, total=total)


async def _needed(file: Path) -> Needed:
    from artdagd.database import opening
    from artdagd.database.checking import needed

    async with opening.as_it_is(f"sqlite:///{file}") as engine, engine.connect() as connection:
        return await needed(connection)


def _list_blobs(settings: Settings, needed: Needed, listing: Path) -> tuple[int, list[str]]:
    """Write the paths under CACHE_DIR as rsync reads them; how many there are, and what is not there."""
    from artdagd.store.inventory import files_of

    kept = files_of(settings.cache, needed.kept)
    others = files_of(settings.cache, needed.made | needed.told)
    paths = [path for path in (*kept.values(), *others.values()) if path]
    missing = [cid for cid, path in kept.items() if path is None]
    lines = [f"# not here: {cid}" for cid in missing] + [str(path.relative_to(settings.cache)) for path in paths]
    listing.write_text("".join(f"{line}\n" for line in lines))
    return len(paths), missing
