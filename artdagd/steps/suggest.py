"""Did you mean: the nearest valid name, and how a text from a user is quoted in a message."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_LONGEST = 80
# Comparing two names costs about the product of their lengths, 50 ns each: a hostile text has many long ones.
_MOST_WORK = 15_000
_MOST_LETTERS = 2


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
    """The name in ``known`` that is most like ``name``, whatever the case, or None if none is alike.

    Takes a few milliseconds at most: where there are many names, only those with the same beginning are compared.
    """
    if len(name) > _LONGEST:
        return None
    folded = {item.casefold(): item for item in sorted(known, reverse=True)}
    name = name.casefold()
    if name in folded:
        return folded[name]
    names = list(folded)
    if _work(name, names) > _MOST_WORK:
        names = [item for item in names if item[:1] == name[:1] and abs(len(item) - len(name)) <= _MOST_LETTERS]
        while _work(name, names) > _MOST_WORK:
            del names[len(names) // 2 :]
    found = difflib.get_close_matches(name, names, 1)
    return folded[found[0]] if found else None


def _work(name: str, names: list[str]) -> int:
    return len(name) * sum(map(len, names))


def unknown(what: str, name: object, known: Collection[str]) -> str:
    """``unknown effect 'hu'; did you mean 'hue'?``, or the names there are if none is alike."""
    near = nearest(name, known) if isinstance(name, str) else None
    if near is not None:
        return f"unknown {what} {quote(name)}; did you mean {near!r}?"
    return f"unknown {what} {quote(name)}; {listed(known)}"


def listed(known: Collection[str]) -> str:
    """``known: a, b, c``, or as many as fit in a message."""
    shown, room = [], 2 * _LONGEST
    for name in sorted(known):
        room -= len(name) + 2
        if room < 0:
            break
        shown.append(name)
    rest = f" and {len(known) - len(shown)} more" if len(shown) < len(known) else ""
    return f"known: {', '.join(shown) or 'none'}{rest}"
