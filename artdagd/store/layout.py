"""Where things lie under CACHE_DIR. A path is always built from a parsed CID, never from what a user wrote."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, get_args

import msgspec

from artdagd.cid import CID, DAG_JSON
from artdagd.errors import InvalidRequest

Section = Literal["blobs", "plans", "analysis"]
SECTIONS: tuple[Section, ...] = get_args(Section)


@functools.lru_cache(4096)
def parse_cid(text: str) -> CID:
    """``text`` as a CID of version 1 (``Qm…`` is converted). Raises InvalidRequest that says what is wrong with it."""
    try:
        return CID.parse(text).v1()
    except ValueError as error:
        raise InvalidRequest(
            str(error), advice="Give a CID as this node or IPFS printed it (bafkrei…, bafybei…, baguqee…, Qm…)."
        ) from None


class Layout(msgspec.Struct, frozen=True):
    """The folders of one CACHE_DIR:

    ``blobs/<last two characters>/<cid>``, ``plans/<cid>.json``, ``analysis/<cid>.json``, ``tmp`` for what is being
    written, ``quarantine`` for what no longer hashes to its name.
    """

    root: Path

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.root, *(self.root / section for section in SECTIONS), self.tmp, self.quarantine)

    def place(self, cid: CID, section: Section) -> Path:
        """Where ``cid`` belongs in ``section``."""
        return self._place(str(cid.v1()), section)

    def places(self, cid: CID) -> dict[Section, Path]:
        """Where ``cid`` may be found: only structured values lie in ``plans`` and ``analysis``."""
        name = str(cid.v1())
        sections: tuple[Section, ...] = SECTIONS if cid.codec == DAG_JSON else ("blobs",)
        return {section: self._place(name, section) for section in sections}

    def _place(self, name: str, section: Section) -> Path:
        return self.root / (f"blobs/{name[-2:]}/{name}" if section == "blobs" else f"{section}/{name}.json")

    def held(self, folder: Path) -> list[str]:
        """The CIDs of the files that lie right in ``folder``; anything else in it is passed over.

        A CID that lies in two sections belongs to the first of them alone.
        """
        found = []
        for path in folder.iterdir() if folder.is_dir() else ():
            name = path.name.removesuffix(".json")
            try:
                cid = CID.parse(name)
            except ValueError:
                continue
            if str(cid) == name and path == next(
                (place for place in self.places(cid).values() if place.is_file()), None
            ):
                found.append(name)
        return found
