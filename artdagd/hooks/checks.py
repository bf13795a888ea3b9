"""What a plugin finds out about its own part of an installation, for ``artdagctl doctor``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from artdagd.hooks.outbound import Outbound
from artdagd.hooks.types import StorageBackend

NOTHING = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
"""The CID of no bytes: every place can be asked for it, and none need have it."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is of the thing, ``said`` how it is, ``remedy`` what to do where it is not well."""

    name: str
    level: Literal["ok", "doubt", "wrong"]
    said: str
    remedy: str = ""


class ConfiguredStorage(msgspec.Struct, frozen=True, kw_only=True):
    """A storage provider of the settings file, of one of the plugin's types; ``open()`` makes its backend."""

    name: str
    config: Any
    open: Callable[[], StorageBackend]

    async def check(self) -> Check:
        """Whether it answers. Writes nothing."""
        backend = self.open()
        try:
            await backend.size(NOTHING)
        except OSError as error:
            remedy = f"Look at its config; when the node runs: artdagctl storage test {self.name}"
            return Check(name=self.name, level="wrong", said=str(error), remedy=remedy)
        finally:
            await backend.close()
        return Check(name=self.name, level="ok", said="it answers")


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """A node that may run or not, as one of its plugins knows it. ``settings`` and ``folder`` are as in
    :class:`NodeAccess`, but the folder is not made here; ``public_url`` is empty where none is set."""

    settings: Any
    folder: Path
    public_url: str
    outbound: Outbound
    storage: Sequence[ConfiguredStorage] = ()
