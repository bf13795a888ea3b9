"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from artdagd.api.calls import Call

STEPS = 500
"""Steps that a page lists; of more it tells how many they are."""


def turn(call: Call) -> Callable[[int], str]:
    """Gives the address of another page of the list that was asked for."""
    asked = {name: value for name, value in call.request.args.items() if value and name != "page"}
    return lambda number: f"?{urlencode(asked | {'page': number})}"


async def listed(call: Call, it: Any) -> dict[str, Any]:
    return {"turn": turn(call)}
