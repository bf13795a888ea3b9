"""``artdagctl doctor``: what is wrong with an installation. It asks no node: it looks at the same settings."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from artdagd.cli.problems import FAILED
from artdagd.cli.show import Show, json_option

MARKS = {"ok": "OK     ", "warning": "warning", "error": "error  "}


@click.command()
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The node's settings file (YAML).")
@json_option
def doctor(config: Path | None, show: Show) -> int:
    """Look this machine's installation over: what is well, what may be wrong, and what to do.

    Give it the settings that the node has: the same file, environment and user. The node may run or not. Exit code 1
    if there is an error.
    """
    from artdagd.doctor.examination import examine, worst
    from artdagd.doctor.finding import Finding
    from artdagd.doctor.plugged import examine_plugins
    from artdagd.errors import ConfigError
    from artdagd.settings import load_settings

    try:
        settings = load_settings(config)
        findings = examine(settings) + examine_plugins(settings)
    except ConfigError as error:
        findings = [Finding("settings", "error", error.detail, error.advice or None)]
    lines = []
    for one in findings:
        lines.append(f"{MARKS[one.level]}  {one.check}: {one.said}")
        if one.remedy:
            lines.append(f"           {one.remedy}")
    show.value({"status": worst(findings), "findings": msgspec.to_builtins(findings)}, lines)
    return FAILED if worst(findings) == "error" else 0
