"""A database file that is damaged (failures.md B3): never a start without a word that has lost rows."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from database.rows import fill

from artdagd.database import Database
from artdagd.database.tables import metadata
from artdagd.errors import ConfigError

FLIPS, CUTS, ROWS = 200, 50, 60


async def counts(file: Path) -> dict[str, int] | ConfigError:
    try:
        await (await Database.open(f"sqlite:///{file}")).close()
    except ConfigError as error:
        return error
    with closing(sqlite3.connect(file)) as state:
        return {name: state.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in metadata.tables}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_flipped_byte_or_a_missing_end_is_refused_or_costs_no_row(tmp_path: Path):
    file, damaged, seed = tmp_path / "state.sqlite", tmp_path / "damaged.sqlite", random.Random(1)
    database = await Database.open(f"sqlite:///{file}")
    async with database.engine.begin() as connection:
        await connection.run_sync(fill, ROWS)
    await database.close()
    good = file.read_bytes()
    places = [seed.randrange(len(good)) for _ in range(FLIPS)]
    cases = [good[:at] + bytes([good[at] ^ (1 << seed.randrange(8))]) + good[at + 1 :] for at in places]
    cases += [good[: seed.randrange(1, len(good))] for _ in range(CUTS)]
    refused = kept = lost = 0
    for number, case in enumerate(cases):
        for left in tmp_path.glob("damaged.sqlite*"):
            left.unlink(missing_ok=True)
        damaged.write_bytes(case)
        found = await counts(damaged)
        if isinstance(found, ConfigError):
            refused += 1
            assert str(damaged) in found.detail
            assert "artdagctl db restore" in found.advice
            assert damaged.read_bytes() == case
        elif found == dict.fromkeys(metadata.tables, ROWS):
            assert number < FLIPS, "an end is missing"
            kept += 1
        else:
            lost += 1
    print(f"{FLIPS} flips, {CUTS} cuts: {refused} refused, {kept} started with every row, {lost} with fewer")
    assert lost == 0
