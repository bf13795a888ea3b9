"""The checks that plugins bring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from artdagd.access import settings_of
from artdagd.doctor.finding import Finding, Level
from artdagd.errors import ArtdagError
from artdagd.hooks import Check, ConfiguredStorage, Installation
from artdagd.hooks.configs import filled
from artdagd.hooks.manager import Plugins
from artdagd.hooks.outbound import Outbound
from artdagd.settings import Settings

MOST = 100
"""Checks of one plugin."""

LONGEST = 1000
"""Characters of what one says."""

LEVELS: dict[str, Level] = {"ok": "ok", "doubt": "warning", "wrong": "error"}


def examine_plugins(settings: Settings) -> list[Finding]:
    """Every plugin's findings about its own part, all asked at once and each for ``manager.DEADLINE`` seconds."""
    try:
        return asyncio.run(_asked(Plugins.load(), settings))
    except ArtdagError as error:
        return [Finding("plugins' settings", "error", error.detail, error.advice or None)]
    except ValueError as error:
        return [Finding("plugins' settings", "error", str(error), "Correct it in the settings file.")]


async def _asked(plugins: Plugins, settings: Settings) -> list[Finding]:
    known = settings_of(plugins, settings)
    outbound = Outbound(private=settings.outbound_private)

    def given(plugin: str) -> dict[str, Installation]:
        made = Installation(
            settings=known.get(plugin),
            folder=settings.home / "plugins" / plugin,
            public_url=settings.public_url,
            outbound=outbound,
            storage=tuple(_storage(plugins, settings, plugin)),
        )
        return {"installation": made}

    try:
        answers = await plugins.answers("artdag_checks", given)
    finally:
        await outbound.close()
    return [finding for plugin, answer in answers.items() for finding in _findings(plugin, answer)]


def _storage(plugins: Plugins, settings: Settings, plugin: str) -> Iterator[ConfiguredStorage]:
    for one in settings.storage:
        kind = plugins.storage_types.get(one.type)
        if kind is not None and plugins.owner("storage", one.type) == plugin:
            config = filled(kind.config, one.config, strict=True)
            yield ConfiguredStorage(name=one.name, config=config, open=partial(kind.open, config))


def _findings(plugin: str, answer: Any) -> Iterator[Finding]:
    bug = "Report it to the plugin's author."
    if isinstance(answer, BaseException):
        yield Finding(plugin, "error", f"its checks failed: {type(answer).__name__}: {answer}"[:LONGEST], bug)
        return
    try:
        checks = list(islice(answer, MOST))
    except Exception as error:
        yield Finding(plugin, "error", f"its checks failed: {type(error).__name__}: {error}"[:LONGEST], bug)
        return
    for check in checks:
        if isinstance(check, Check) and check.level in LEVELS:
            said, remedy = str(check.said)[:LONGEST], str(check.remedy)[:LONGEST]
            yield Finding(f"{plugin}: {check.name}"[:LONGEST], LEVELS[check.level], said, remedy or None)
        else:
            yield Finding(plugin, "error", f"one of its checks is no Check: {check!r}"[:LONGEST], bug)
