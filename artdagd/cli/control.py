"""``artdagctl``: the command line of a node's users."""

from __future__ import annotations

import click

from artdagd import __version__
from artdagd.cli.about import api, metrics, nodes, one_file, plugins, status, workers
from artdagd.cli.cache import cache
from artdagd.cli.db import db
from artdagd.cli.doctor import doctor
from artdagd.cli.examples import examples
from artdagd.cli.ipfs import ipfs
from artdagd.cli.plans import execute, plan
from artdagd.cli.problems import CODES, run_command
from artdagd.cli.publishing import publication, publish, unpublish
from artdagd.cli.recipes import recipes
from artdagd.cli.reproducing import verify as reproduce
from artdagd.cli.running import render, run
from artdagd.cli.runs import runs
from artdagd.cli.steps import steps
from artdagd.cli.storage import storage
from artdagd.cli.tokens import login, token, whoami
from artdagd.cli.upkeep import gc, show_usage, verify

HELP = f"""Talk to an artdagd node.

ARTDAG_URL and ARTDAG_TOKEN say which and who; else it is the local node under ARTDAG_HOME (~/.artdag),
with its admin token.

{CODES}"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, help=HELP)
@click.version_option(__version__, prog_name="artdagctl")
def control() -> None:
    pass


COMMANDS: tuple[click.Command, ...] = (
    status, run, render, plan, execute, reproduce, runs, recipes, examples, cache, ipfs, storage, token, login, whoami,
    steps, plugins, workers, nodes, metrics, api, one_file, doctor, db,
)  # fmt: skip

for command in (publish, unpublish, publication, show_usage, gc, verify):
    cache.add_command(command)
for command in COMMANDS:
    control.add_command(command)


def main() -> None:
    from artdagd.hooks.manager import Plugins

    for command in Plugins.load().commands():
        control.add_command(command)
    run_command(control)
