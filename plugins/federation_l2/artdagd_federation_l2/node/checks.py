"""Whether a node's way to its registry is well, for ``artdagctl doctor``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from artdagd.hooks import Check, Installation, Outbound, OutboundFailed, OutboundRefused
from artdagd_federation_l2.node.own import KEY_FILE
from artdagd_federation_l2.settings import FederationSettings
from artdagd_federation_l2.signatures import kept_key

REACH_SECONDS = 2.0
"""How long the registry may take to answer at all."""


async def trouble(outbound: Outbound, server: str) -> str:
    """What is wrong with the registry, or the way there; empty if it answers."""
    try:
        answer = await outbound.request("HEAD", f"{server}/", seconds=REACH_SECONDS)
    except (OutboundFailed, OutboundRefused) as error:
        return str(error)
    # What stands in front of a registry that is down answers so.
    return f"it answers {answer.status}" if answer.status in (502, 503, 504) else ""


async def checks(installation: Installation) -> Sequence[Check]:
    settings: FederationSettings = installation.settings
    said = await trouble(installation.outbound, settings.server)
    reached = Check(
        name="registry",
        level="wrong" if said else "ok",
        said=f"{settings.server}: {said}" if said else f"{settings.server} answers",
        remedy="Nobody can sign in through it until it can be reached." if said else "",
    )
    return [reached, _address(settings, installation.public_url), await asyncio.to_thread(_key, installation)]


def _address(settings: FederationSettings, public_url: str) -> Check:
    if not public_url:
        said, remedy = "L1_PUBLIC_URL is not set", "Set it to the address by which the registry reaches this node."
    elif settings.server.startswith("https:") and public_url.startswith("http:"):
        said, remedy = f"{settings.server} will hardly reach {public_url}", "Set L1_PUBLIC_URL to the https address."
    else:
        return Check(name="address", level="ok", said=f"the registry knows this node as {public_url}")
    return Check(name="address", level="doubt", said=said, remedy=remedy)


def _key(installation: Installation) -> Check:
    """Looks at the key, and makes none."""
    file = installation.folder / KEY_FILE
    if not file.exists():
        return Check(name="key", level="ok", said="it is made when it is first needed")
    try:
        if file.stat().st_mode & 0o077:
            said, remedy = f"others may read {file}", f"chmod 600 {file}, and make a new one if they did."
            return Check(name="key", level="doubt", said=said, remedy=remedy)
        kept_key(file)
    except (OSError, ValueError) as error:
        remedy = "Restore it from a backup: with a new key, who knows the old one believes nothing that it signs."
        return Check(name="key", level="wrong", said=str(error), remedy=remedy)
    return Check(name="key", level="ok", said=f"{file} holds it")
