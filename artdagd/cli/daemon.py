"""``artdagd``: the daemon and its workers."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import click

from artdagd import __version__
from artdagd.cli.problems import EX_CONFIG, run_command
from artdagd.errors import ArtdagError, ConfigError
from artdagd.system import logs

LONGEST_SOCKET = 107


log = logging.getLogger("artdagd")


def _address(context: click.Context, parameter: click.Parameter, value: str) -> str:
    scheme, _, rest = value.partition("://")
    host, colon, port = rest.rpartition(":")
    if scheme == "tcp" and host and colon and port.isdigit() and int(port) < 65536:
        return value
    if scheme != "ipc" or not rest.startswith("/"):
        raise click.BadParameter(
            f"{value!r} is no address; write ipc://FILE, as in ipc://$ARTDAG_HOME/run/workers.sock, or tcp://HOST:PORT"
        )
    if len(rest.encode()) > LONGEST_SOCKET:
        raise click.BadParameter(f"the path has more than {LONGEST_SOCKET} bytes, the most that a socket's may have")
    return value


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="artdagd")
def daemon() -> None:
    """A render node for art."""


@daemon.command()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Settings file (YAML).")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [default: 8100]")
@click.option("--workers", type=click.IntRange(0, 1024), help="Worker processes.  [default: one a core]")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def serve(config: Path | None, host: str | None, port: int | None, workers: int | None, verbose: bool) -> None:
    """Run the node: API, planner and worker processes, until SIGTERM or Ctrl-C."""
    from artdagd.node import serve as serve_node
    from artdagd.settings import load_settings

    try:
        logs.set_up(verbose)
        settings = load_settings(config, host=host, port=port, workers=workers)
        asyncio.run(serve_node(settings))
    except ConfigError as error:
        _end(error, EX_CONFIG)
    except ArtdagError as error:
        _end(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)


@daemon.command()
@click.option(
    "--connect",
    required=True,
    metavar="ADDRESS",
    callback=_address,
    help="Where the node listens: ipc://$ARTDAG_HOME/run/workers.sock, or tcp://HOST:PORT.",
)
@click.option("--name", help="How the node calls this worker.  [default: made from host and process]")
@click.option("--home", type=click.Path(path_type=Path), help="Folder for what workers keep between starts.")
@click.option("--memory", type=int, default=8 << 30, show_default=True, help="Bytes of address space a step may use.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Folder for fetched inputs.  [default: HOME/worker-cache]"
)
@click.option(
    "--cache-bytes", type=click.IntRange(1), default=16 << 30, show_default=True, help="What it may keep there."
)
@click.option("--apart", is_flag=True, help="Fetch inputs over HTTP even if the node's folder can be seen.")
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "require", "off"]),
    default="off",
    show_default=True,
    help="Whether the process restricts itself (Landlock) to Python, the system and the folders named here.",
)
@click.option(
    "--reads", multiple=True, type=click.Path(path_type=Path), help="Folder of the node's blobs; several may be."
)
@click.option(
    "--writes", multiple=True, type=click.Path(path_type=Path), help="Folder for results: the node's scratch."
)
@click.option("--child", is_flag=True, hidden=True, help="End when the parent process ends.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def worker(connect: str, verbose: bool, **options: Any) -> None:
    """Render for a node until Ctrl-C or SIGTERM. Over tcp, ARTDAG_CLUSTER_KEY has to be the node's.

    Where the node's folder can't be seen, inputs and results go over its HTTP.
    """
    from artdagd.workers.worker import run_worker

    try:
        logs.set_up(verbose)
        if connect.startswith("ipc://") and not Path(connect.removeprefix("ipc://")).exists():
            log.warning("no node is at %s; waiting for one (Ctrl-C ends it)", connect)
        sys.exit(run_worker(connect, **options))
    except ArtdagError as error:
        _end(error, 1)


def _end(error: ArtdagError, code: int) -> None:
    click.echo(f"artdagd: {error.detail}" + (f"\n  {error.advice}" if error.advice else ""), err=True)
    sys.exit(code)


def main() -> None:
    run_command(daemon)


if __name__ == "__main__":
    main()
