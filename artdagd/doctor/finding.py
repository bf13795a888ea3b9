"""What a check found."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["ok", "warning", "error"]


class Finding(msgspec.Struct, frozen=True):
    """``remedy`` is what to do, where something is to be done."""

    check: str
    level: Level
    said: str
    remedy: str | None = None
