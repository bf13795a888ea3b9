"""Pages of storage providers."""

from __future__ import annotations

from typing import Any

from artdagd.api.calls import Call
from artdagd.api.requests import Items
from artdagd.errors import NotFound
from artdagd.runs.provider_views import ProviderView


async def providers(call: Call, it: Items[ProviderView]) -> dict[str, Any]:
    return {"types": call.services.storage.types(call.who)}


async def provider(call: Call, it: ProviderView) -> dict[str, Any]:
    """``schema`` is None where the plugin that offers the type is gone."""
    try:
        schema = call.services.storage.type(it.type).schema
    except NotFound:
        schema = None
    return {"schema": schema, "tested": it.tested, "fixed": it.owner == ""}
