"""The configs that plugins declare, filled with what their users wrote."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec


def filled(kind: type[msgspec.Struct], values: Mapping[str, Any], *, strict: bool = False) -> Any:
    """A ``kind`` of ``values``; not ``strict`` takes numbers and such as text, too.

    Raises ValueError: a value that does not do, or a name that ``kind`` hasn't, whether it forbids those or not.
    """
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
            raise ValueError(f"unknown field {name!r}; {hint}")
    try:
        return msgspec.convert(dict(values), kind, strict=strict)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
