"""A storage backend over a bad network: it may fail, and say so in time; it may not lie, hang or stay broken."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import pytest

from artdagd.cid import cid_of_bytes
from artdagd.hooks import StorageBackend
from artdagd.testing.blobs import CHUNK, Made, make, read
from artdagd.testing.proxy import KINDS, FaultProxy, Kind, Toxic

Outcome = Literal["right", "refused", "misled"]
"""What came of a call: what was asked for; OSError; or, of a size or a list, another answer than the truth."""

OPERATIONS = ("save", "load", "size", "list", "delete")


class Proxied(msgspec.Struct, frozen=True):
    """``open(port)`` opens the backend so that it goes through that port of 127.0.0.1, where ``proxy()`` will listen;
    ``direct()`` opens the same place without it. Give the first one short timeouts, or the tests take long.
    """

    open: Callable[[int], StorageBackend]
    direct: Callable[[], StorageBackend]
    proxy: Callable[[], FaultProxy]


class Tally(msgspec.Struct):
    """Calls, those of them that a fault struck, and what came of these, by kind of fault and operation."""

    rows: dict[tuple[str, str], Counter[str]] = {}

    def note(self, kind: str, operation: str, struck: bool, outcome: Outcome) -> None:
        row = self.rows.setdefault((kind, operation), Counter())
        row["calls"] += 1
        if struck:
            row["struck"] += 1
            row[outcome] += 1

    def __str__(self) -> str:
        total: Counter[str] = sum(self.rows.values(), Counter())
        names = ("calls", "struck", "right", "refused", "misled")
        lines = [f"{'fault':8}{'call':8}" + "".join(f"{name:>9}" for name in names)]
        for (kind, operation), row in (*self.rows.items(), (("all", ""), total)):
            lines.append(f"{kind:8}{operation:8}" + "".join(f"{row[name]:9}" for name in names))
        return "\n".join(lines)


class StorageFaults:
    """A subclass called ``Test…`` gives the fixture ``proxied``, which returns a :class:`Proxied`.

    Each kind of fault strikes each operation ``rounds`` times, at places drawn by lot from ``seed``: one connection, or
    all of them. ``patience``: seconds that a call may take. ``size``: bytes of the blob. With ``pytest -s`` the tally
    is printed.
    """

    rounds: ClassVar[int] = 4
    seed: ClassVar[int] = 1
    patience: ClassVar[float] = 20.0
    size: ClassVar[int] = 2 * CHUNK + 9

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def proxied(self) -> Proxied:
        raise NotImplementedError("give the fixture `proxied`")

    @pytest.fixture(scope="class")
    def tally(self) -> Iterator[Tally]:
        tally = Tally()
        yield tally
        print(f"\n{tally}")

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_fault(self, proxied: Proxied, tally: Tally, tmp_path: Path, kind: Kind, operation: str) -> None:
        made = make(tmp_path, self.size)
        lot = random.Random(f"{self.seed} {kind} {operation}")
        direct = proxied.direct()
        async with proxied.proxy() as proxy:
            backend = proxied.open(proxy.port)
            try:
                for _ in range(self.rounds):
                    await (direct.delete(made.cid) if operation == "save" else direct.save(made.cid, made.path))
                    before = proxy.injected.total()
                    proxy.toxic = toxic = self.toxic(kind, lot)
                    async with asyncio.timeout(self.patience):
                        outcome = await attempt(operation, backend, made)
                    proxy.toxic = None
                    struck = proxy.injected.total() > before
                    tally.note(kind, operation, struck, outcome)
                    assert outcome == "right" or struck, "it fails without a fault"
                    assert outcome != "misled" or (kind == "lie" and operation in ("size", "list")), toxic
                    await self.check(operation, outcome, direct, made)
                    await backend.save(made.cid, made.path)
                    assert await read(backend, made.cid) == made.data, "it stays broken"
            finally:
                await backend.close()
                await direct.delete(made.cid)
                await direct.close()

    def toxic(self, kind: Kind, lot: random.Random) -> Toxic:
        """The next one of ``kind``: at a byte of a message's head or of its body, one way or the other."""
        after = lot.choice((0, lot.randrange(60), lot.randrange(1000), lot.randrange(self.size)))
        return Toxic(kind, lot.choice(("up", "down")), after, times=lot.choice((1, None)))

    async def check(self, operation: str, outcome: Outcome, direct: StorageBackend, made: Made) -> None:
        """What the place has now has to be what the backend said of it."""
        kept = await direct.size(made.cid)
        if operation == "delete" and outcome == "right":
            assert kept is None, "it said that it had deleted the blob"
        elif operation == "save":
            assert kept is not None or outcome == "refused", "it said that it had saved the blob"
        if kept is not None:
            assert await read(direct, made.cid) == made.data, "what is kept is not whole"


async def attempt(operation: str, backend: StorageBackend, made: Made) -> Outcome:
    """Call ``operation``. Bytes that whoever reads them sees to be others count as an error: ``refused``."""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "save": lambda: backend.save(made.cid, made.path),
        "load": lambda: read(backend, made.cid),
        "size": lambda: backend.size(made.cid),
        "list": lambda: _all(backend),
        "delete": lambda: backend.delete(made.cid),
    }
    right = {"load": made.data, "size": len(made.data), "list": [made.cid]}
    try:
        answer = await calls[operation]()
    except OSError:
        return "refused"
    if answer == right.get(operation):
        return "right"
    if isinstance(answer, bytes) and cid_of_bytes(answer) != made.cid:
        return "refused"
    return "misled"


async def _all(backend: StorageBackend) -> list[str]:
    return [cid async for cid in backend.list()]
