"""Rows of the library as their owners see them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database.blobs import BlobRow
from artdagd.database.replicas import FULL
from artdagd.runs.replication import Replication
from artdagd.runs.views import CopyView, Entry
from artdagd.store import BlobStore


class Copies:
    """Tells of entries where their bytes are."""

    def __init__(self, store: BlobStore, replication: Replication) -> None:
        self._store = store
        self._replication = replication

    async def shown(self, rows: Sequence[BlobRow], who: Principal) -> list[Entry]:
        """Entries with where their bytes are: here, and with providers of the node and of the entry's owner. What went
        wrong at the node's is for administrators."""
        copies = await self._replication.copies([row.cid for row in rows])
        shown = []
        for row in rows:
            replication = {}
            for copy in copies.get(row.cid, ()):
                provider = self._store.providers.get(copy.provider_id)
                if provider is None or provider.owner not in ("", row.owner):
                    continue
                error = copy.error if provider.owner or who.may("admin") or copy.error == FULL else None
                replication[copy.provider_id] = CopyView(copy.state, copy.updated_at, error)
            there = [name for name, copy in replication.items() if copy.state == "replicated"]
            here = ["local"] if self._store.has(row.cid) else []
            shown.append(msgspec.structs.replace(entry_of(row), locations=here + there, replication=replication))
        return shown


def entry_of(row: BlobRow) -> Entry:
    """A row as its owner sees it, but for where its bytes are."""
    facts = row.facts
    video = facts.video if facts else None
    return Entry(
        cid=row.cid,
        size=row.size,
        media_type=row.media_type,
        filename=row.filename,
        kind=row.kind,
        created_at=row.created_at,
        duration=facts.duration if facts else None,
        width=video.width if video else None,
        height=video.height if video else None,
        fps=video.fps[0] / video.fps[1] if video else None,
        title=row.title,
        description=row.description,
        tags=row.tags,
        metadata=row.metadata,
        pinned=row.pinned,
    )
