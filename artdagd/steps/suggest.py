"""Did you mean: the nearest valid name, and how a text from a user is quoted in a message."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST = 80


def quote(text: object) -> str:
    """``text`` as it may stand in a message: escaped, and never longer than a line."""
    if isinstance(text, bool):
        return "true" if text else "false"
    if text is None:
        return "null"
    if isinstance(text, dict | list | tuple):
        return "a mapping" if isinstance(text, dict) else "a list"
    shown = repr(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def nearest(name: str, known: Collection[str]) -> str | None:
    """The name in ``known`` that is most like ``name``, whatever the case, or None if none is alike."""
    if len(name) > _LONGEST:
        return None
    folded = {item.casefold(): item for item in sorted(known, reverse=True)}
    found = difflib.get_close_matches(name.casefold(), folded, 1)
    return folded[found[0]] if found else None


def unknown(what: str, name: object, known: Collection[str]) -> str:
    """``unknown effect 'hu'; did you mean 'hue'?``, or the names there are if none is alike."""
    near = nearest(name, known) if isinstance(name, str) else None
    if near is not None:
        return f"unknown {what} {quote(name)}; did you mean {near!r}?"
    return f"unknown {what} {quote(name)}; {listed(known)}"


def listed(known: Collection[str], most: int = 24) -> str:
    """``known: a, b, c``."""
    names = sorted(known)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"known: {', '.join(names[:most]) or 'none'}{rest}"
