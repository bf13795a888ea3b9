"""``artdag-registry``: serve a registry; its people and renderers."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

import click

from artdagd_federation_l2.registry.endings import Endings
from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.home import KEYS, opened
from artdagd_federation_l2.registry.people import People
from artdagd_federation_l2.registry.renderers import Renderers, why_not_called
from artdagd_federation_l2.registry.settings import RegistrySettings

HOME = click.option(
    "--home",
    envvar="ARTDAG_REGISTRY_HOME",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("~/.artdag-registry"),
    show_default=True,
    help="Folder of the registry's own.",
)


def _run(work: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(work)
    except Refused as error:
        raise click.ClickException(error.detail) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def registry() -> None:
    """A small ActivityPub registry (L2) for artdagd nodes: who people are, and what they publish.

    The options of serve, and --home, may come from the environment too, as in ARTDAG_REGISTRY_PUBLIC_URL.
    """


@registry.command()
@HOME
@click.option(
    "--host", envvar="ARTDAG_REGISTRY_HOST", default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    envvar="ARTDAG_REGISTRY_PORT",
    type=click.IntRange(0, 65535),
    default=8200,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--domain",
    envvar="ARTDAG_REGISTRY_DOMAIN",
    default="",
    help="What follows people's names.  [default: the host of --public-url]",
)
@click.option(
    "--public-url",
    envvar="ARTDAG_REGISTRY_PUBLIC_URL",
    default="",
    help="How the world reaches it.  [default: where it listens]",
)
@click.option(
    "--allow-private",
    envvar="ARTDAG_REGISTRY_ALLOW_PRIVATE",
    multiple=True,
    metavar="HOST",
    help="Node to call though it has no public address.",
)
@click.option(
    "--allow-host",
    envvar="ARTDAG_REGISTRY_ALLOW_HOST",
    multiple=True,
    metavar="NAME",
    help="Further name under which it may be asked.",
)
def serve(
    home: Path,
    host: str,
    port: int,
    domain: str,
    public_url: str,
    allow_private: tuple[str, ...],
    allow_host: tuple[str, ...],
) -> None:
    """Serve until SIGTERM or Ctrl-C. The file HOME/address says where."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr)
    for noisy in ("aiosqlite", "hypercorn.access", "asyncio", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = RegistrySettings(
        home=home.expanduser(),
        domain=domain,
        public_url=public_url,
        host=host,
        port=port,
        private=allow_private,
        hosts=allow_host,
    )
    _run(_serve(settings))


async def _serve(settings: RegistrySettings) -> None:
    # Here, not above: the other commands need no server.
    from artdagd_federation_l2.registry.registry import Registry

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Registry(settings) as running:
        click.echo(f"{running.url} is the registry of @NAME@{running.settings.domain}")
        await ended.wait()


@registry.group()
def user() -> None:
    """People of this registry."""


@user.command("add")
@HOME
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, not from the terminal.")
@click.argument("name")
def add_user(home: Path, password_stdin: bool, name: str) -> None:
    """Add a person."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    _run(_add_user(home.expanduser(), name, password))


@user.command("list")
@HOME
def list_users(home: Path) -> None:
    """List people."""
    _run(_list_users(home.expanduser()))


@user.command("remove")
@HOME
@click.argument("name")
def remove_user(home: Path, name: str) -> None:
    """Remove a person: their sessions end, here and on nodes, and their works go from the pages."""
    _run(_remove_user(home.expanduser(), name))


@registry.group()
def renderer() -> None:
    """Nodes that people may attach to."""


@renderer.command("add")
@HOME
@click.option("--name", default="", help="What it is called on pages.  [default: what its actor says]")
@click.argument("url")
def add_renderer(home: Path, name: str, url: str) -> None:
    """Add a node by its L1_PUBLIC_URL. Without a public address and https it needs serve --allow-private."""
    _run(_add_renderer(home.expanduser(), url, name))
    if refusal := why_not_called(url):
        click.echo(f"It is added, but unless it is allowed the registry does not call it: {refusal}", err=True)


@renderer.command("list")
@HOME
def list_renderers(home: Path) -> None:
    """List nodes."""
    _run(_list_renderers(home.expanduser()))


@renderer.command("remove")
@HOME
@click.argument("url")
def remove_renderer(home: Path, url: str) -> None:
    """Remove a node: sessions on it that rest on this registry end."""
    _run(_remove_renderer(home.expanduser(), url))


async def _add_user(home: Path, name: str, password: str) -> None:
    async with opened(home) as database:
        await People(database, home / KEYS, time.time).add(name, password)


async def _list_users(home: Path) -> None:
    async with opened(home) as database:
        for person in await People(database, home / KEYS, time.time).all():
            click.echo(person.name)


async def _remove_user(home: Path, name: str) -> None:
    async with opened(home) as database:
        await Endings(database, time.time).remove_person(name)
        await People(database, home / KEYS, time.time).forget_key(name)


async def _add_renderer(home: Path, url: str, name: str) -> None:
    async with opened(home) as database:
        await Renderers(database, time.time).add(url, name)


async def _list_renderers(home: Path) -> None:
    async with opened(home) as database:
        for one in await Renderers(database, time.time).all():
            click.echo(f"{one.url}  {one.name}")


async def _remove_renderer(home: Path, url: str) -> None:
    async with opened(home) as database:
        await Endings(database, time.time).remove_renderer(url.rstrip("/"))


def main() -> None:
    registry()


if __name__ == "__main__":
    main()
