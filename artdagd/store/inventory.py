"""Which of a list of CIDs lie in a store, told without changing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from artdagd.cid import CID, names_file
from artdagd.errors import InvalidRequest
from artdagd.store.layout import Layout, parse_cid


def files_of(root: Path, cids: Iterable[str]) -> dict[str, Path | None]:
    """CID -> its file under ``root`` (CACHE_DIR), or None; in the order of the CIDs."""
    layout = Layout(root)
    return {cid: _file(layout, cid) for cid in sorted(cids)}


def damaged(files: dict[str, Path | None], tell: Callable[[int], None]) -> list[str]:
    """The CIDs whose file does not hash to its name; ``tell`` hears how many were looked at."""
    found = []
    for number, (cid, path) in enumerate(files.items(), 1):
        if path is not None and not names_file(CID.parse(cid), path):
            found.append(cid)
        tell(number)
    return found


def _file(layout: Layout, cid: str) -> Path | None:
    try:
        places = layout.places(parse_cid(cid))
    except InvalidRequest:
        return None
    return next((place for place in places.values() if place.is_file()), None)
