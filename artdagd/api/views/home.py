"""The page at ``/``: where one stands, and what to do first."""

from __future__ import annotations

from typing import Any

from artdagd.api.calls import Call
from artdagd.api.requests import Health

RECENT = 5


async def home(call: Call, health: Health) -> dict[str, Any]:
    """For one who is signed in: ``runs`` lately, and how many ``media`` and ``recipes`` there are."""
    who = call.caller
    if who is None or not who.may("read"):
        return {}
    services = call.services
    media = await services.library.list(who, kind=None, q=None, page=1, limit=1)
    recipes = await services.recipes.list(who, 1, RECENT)
    runs = await services.runs.list(who, None, None, 1, RECENT)
    workers = services.workers()
    return {"runs": runs, "media": media.total, "recipes": recipes, "workers": len(workers)}
