"""The checks in their order, and what comes of them. A start refuses what the quick ones call an error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from artdagd.doctor import confinement, installed, place, reach
from artdagd.doctor.doubt import Doubt
from artdagd.doctor.finding import Finding, Level
from artdagd.errors import ArtdagError
from artdagd.settings import Settings

log = logging.getLogger(__name__)

Check = Callable[[Settings], str]
"""What is well, in words. Raises Doubt for what may be wrong, ArtdagError for what is."""

AT_START: dict[str, Check] = {
    "home": place.home,
    "worker socket": place.worker_socket,
    "cluster key": reach.cluster_key,
    "address": reach.address,
    "clock": place.clock,
    "worker sandbox": confinement.worker_sandbox,
}
"""Quick ones, without a look at the network, the database or another process."""

CHECKS: dict[str, Check] = {
    "versions": installed.versions,
    "media libraries": installed.media,
    "plugins": installed.plugins,
    **AT_START,
    "secrets": place.secrets,
    "disk": place.disk,
    "compiled code": place.compiled,
    "import roots": place.import_roots,
    "hosts": reach.hosts,
    "database": reach.database,
    "node": reach.node,
}


def examine(settings: Settings, checks: dict[str, Check] = CHECKS) -> list[Finding]:
    """Every check's finding, in order. One that breaks is an error of its own, and the others go on."""
    return [_finding(name, check, settings) for name, check in checks.items()]


def refuse(settings: Settings) -> None:
    """For the start: log what is doubtful. Raises ConfigError for the first thing that is wrong."""
    for check in AT_START.values():
        try:
            check(settings)
        except Doubt as doubt:
            log.warning("%s; %s", doubt.detail, doubt.advice)


def worst(findings: Sequence[Finding]) -> Level:
    levels = {finding.level for finding in findings}
    return "error" if "error" in levels else "warning" if "warning" in levels else "ok"


def _finding(name: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(name, "ok", check(settings))
    except Doubt as doubt:
        return Finding(name, "warning", doubt.detail, doubt.advice)
    except ArtdagError as error:
        return Finding(name, "error", error.detail, error.advice)
    except Exception as error:
        return Finding(name, "error", f"the check failed: {type(error).__name__}: {error}", "Report it as a bug.")
