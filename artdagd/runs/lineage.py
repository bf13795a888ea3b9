"""Where a medium came from, what was made from it, and what follows if it is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from artdagd.auth.principal import Principal
from artdagd.database import Database
from artdagd.database.runs import RunRow
from artdagd.runs.entries import entry_of
from artdagd.runs.library import Library, Need
from artdagd.runs.machine import RunStatus
from artdagd.runs.views import Entry

MAKERS = 3
"""Runs that made a medium of which it is told; of more their number."""

USERS = 12
"""Runs that had it as an input of which it is told."""

INPUTS = 24
"""Inputs of a run that are shown."""


class RunLink(msgspec.Struct, frozen=True, kw_only=True):
    """A run as its media know it. ``name`` is its recipe's or its effect's; ``recipe_id`` is None where that recipe is
    gone; ``step_id`` is set where the medium is the result of a step and not of the run. ``inputs`` are at most
    ``INPUTS``."""

    run_id: str
    name: str
    status: RunStatus
    created_at: str
    recipe_id: str | None
    step_id: str | None
    inputs: dict[str, str]
    output_cid: str | None


class LineageView(msgspec.Struct, frozen=True, kw_only=True):
    """Runs, newest first, and how many there are of the kind; ``media`` are the entries that they name, by CID."""

    made_by: list[RunLink]
    makers: int
    used_by: list[RunLink]
    users: int
    media: Mapping[str, Entry]


Again = Literal["run", "inputs gone", "no run"]


class DeletionView(msgspec.Struct, frozen=True, kw_only=True):
    """What deleting a medium means. ``needs`` forbid it. ``again``: a ``run`` can make it again, or the inputs of the
    one that did are not all there, or none did. ``others``: another user has it, so that its bytes stay."""

    needs: Sequence[Need]
    again: Again
    others: bool


class Lineage:
    """Reads both off the database."""

    def __init__(self, database: Database, library: Library) -> None:
        self._database = database
        self._library = library

    async def of(self, cid: str, who: Principal) -> LineageView:
        """Raises NotFound where ``who`` has no such medium."""
        row = await self._library.row(cid, who)
        lineage = self._database.lineage
        makers, made = await lineage.makers(row.cid, row.owner, MAKERS)
        users, used = await lineage.users(row.cid, row.owner, USERS)
        steps = await lineage.steps(row.cid, [run.run_id for run in makers]) if makers else {}
        recipes = await self._database.recipes.present({run.recipe_id for run in makers if run.recipe_id}, row.owner)
        made_by = [_link(run, recipes, None if run.output_cid == row.cid else steps.get(run.run_id)) for run in makers]
        used_by = [_link(run, set(), None) for run in users]
        named = {cid for link in made_by[:1] for cid in link.inputs.values()}
        named |= {link.output_cid for link in used_by if link.output_cid}
        found = await self._database.blobs.entries(named, row.owner)
        media = {cid: entry_of(entry) for cid, entry in found.items()}
        return LineageView(made_by=made_by, makers=made, used_by=used_by, users=used, media=media)

    async def deletion(self, cid: str, who: Principal) -> DeletionView:
        """What deleting it would do at this moment. Raises NotFound."""
        row = await self._library.row(cid, who)
        owners = await self._database.blobs.owners(row.cid)
        return DeletionView(
            needs=await self._library.needs(row),
            again=await self._again(row.cid, row.owner),
            others=any(owner != row.owner for owner in owners),
        )

    async def _again(self, cid: str, owner: str) -> Again:
        makers, total = await self._database.lineage.makers(cid, owner, MAKERS)
        if not total:
            return "no run"
        wanted = {cid for run in makers for cid in run.inputs.values()}
        there = set(await self._database.blobs.entries(wanted, owner))
        return "run" if any(set(run.inputs.values()) <= there for run in makers) else "inputs gone"


def _link(run: RunRow, recipes: set[str], step_id: str | None) -> RunLink:
    return RunLink(
        run_id=run.run_id,
        name=run.recipe_name or run.effect or "a plan",
        status=run.status,
        created_at=run.created_at,
        recipe_id=run.recipe_id if run.recipe_id in recipes else None,
        step_id=step_id,
        inputs=dict(list(run.inputs.items())[:INPUTS]),
        output_cid=run.output_cid,
    )
