"""What the store asks of whoever keeps the account of copies at providers; see :mod:`artdagd.runs.replication`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class Ledger(Protocol):
    """The account of copies. Methods raise Unavailable when it can't be kept or read."""

    async def owe(self, cid: str, size: int, *, existed: bool = False) -> None:
        """Note durably that every provider of the node is to get ``cid``, which is here now, or was before."""

    async def drop(self, cid: str) -> None:
        """Note durably that every provider is to forget ``cid``."""

    async def holders(self, cid: str) -> Mapping[str, int]:
        """The providers that are thought to have ``cid``, and its size in bytes."""

    async def wrong(self, cid: str, provider_id: str, error: str, *, spoiled: bool) -> None:
        """A copy that was thought to be there is not, or has other bytes (``spoiled``)."""

    async def delivered(self, cid: str) -> None:
        """Wait until the synchronous providers have ``cid``. Raises Unavailable if one did not take it."""

    async def held_elsewhere(self, cids: Collection[str]) -> set[str]:
        """Those of ``cids`` of which a provider of the node that works has a copy."""

    def asking(self) -> str:
        """The user for whom a blob is read: their own providers are asked, too. Empty for nobody."""


class NoLedger:
    """Of a store without providers."""

    async def owe(self, cid: str, size: int, *, existed: bool = False) -> None:
        pass

    async def drop(self, cid: str) -> None:
        pass

    async def holders(self, cid: str) -> Mapping[str, int]:
        return {}

    async def wrong(self, cid: str, provider_id: str, error: str, *, spoiled: bool) -> None:
        pass

    async def delivered(self, cid: str) -> None:
        pass

    async def held_elsewhere(self, cids: Collection[str]) -> set[str]:
        return set()

    def asking(self) -> str:
        return ""
