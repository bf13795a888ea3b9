"""A run, or a record, verified over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from nodes import Person

from artdagd.cid import CID, cid_of_value, dag_json


class Verified(msgspec.Struct):
    """What was said: results by step, parts in their order, the verdict, and how often it was told how far it is."""

    steps: dict[str, dict[str, Any]] = {}
    parts: list[dict[str, Any]] = []
    done: dict[str, Any] = {}
    told: int = 0

    @property
    def numbers(self) -> list[int]:
        """Of the segments that were compared."""
        return sorted(part["number"] for part in self.parts if part["part"] == "segment")


async def verified(person: Person, **body: Any) -> Verified:
    found, event = Verified(), ""
    async with person.http.stream("POST", "/api/verify", json=body, timeout=90) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            word, _, rest = line.partition(": ")
            if word == "event":
                event = rest
            elif word == "data" and event == "step":
                found.steps[json.loads(rest)["step_id"]] = json.loads(rest)
            elif word == "data" and event == "part":
                found.parts.append(json.loads(rest))
            elif word == "data" and event == "done":
                found.done = json.loads(rest)
            elif word == "data":
                found.told += 1
    return found


def planted(home: Path, record: dict[str, Any]) -> str:
    """A record as if it had been brought here from elsewhere."""
    cid = cid_of_value(record)
    place = blob(home, cid)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(dag_json(record))
    assert str(CID.parse(cid)) == cid
    return cid


def blob(home: Path, cid: str) -> Path:
    """Where the node keeps a blob."""
    return home / "cache" / "blobs" / cid[-2:] / cid
