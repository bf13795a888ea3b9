"""Reads the mappings of a recipe: known keys, and values of the right type, with a fault for each that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from artdagd.recipes.document import Entries, Node, Scalar
from artdagd.recipes.faults import Faults, Placed
from artdagd.steps.suggest import quote, unknown

ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""Ids of steps, names of inputs and params. No dots: a planner may add parts to an id after one."""

ID_RULE = "letters, digits, _ and -, beginning with a letter or _, at most 64 characters"


class Section:
    """One mapping. ``loc`` is its dotted path in the recipe, empty for the recipe itself."""

    def __init__(self, node: Entries, loc: str, faults: Faults, keys: Sequence[str] | None = None) -> None:
        self.node = node
        self.loc = loc
        self.faults = faults
        if keys is not None:
            self._check_keys(keys)

    def place(self, key: str) -> str:
        """The dotted path of ``key``."""
        return f"{self.loc}.{key}" if self.loc else key

    def get(self, key: str) -> Node | None:
        """The value of ``key``; None if it is missing or null."""
        found = self.node.entries.get(key)
        return None if found is None or (isinstance(found[1], Scalar) and found[1].value is None) else found[1]

    def wrong(self, key: str, at: Placed, msg: str) -> None:
        self.faults.add(at, self.place(key), msg)

    def missing(self, key: str, what: str) -> None:
        self.wrong(key, self.node, f"{key!r} is missing: {what}")

    def scalar(self, key: str, type_: type | tuple[type, ...], words: str) -> Scalar | None:
        """The value of ``key`` if it is of ``type_``, which ``words`` describe; else None, and a fault."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, type_):
            # bool is an int to Python; to a recipe's author it is not.
            wanted = type_ if isinstance(type_, tuple) else (type_,)
            if not isinstance(node.value, bool) or bool in wanted:
                return node
        self.wrong(key, node, f"{key}: expected {words}, got {describe(node)}")
        return None

    def text(self, key: str, default: str = "") -> str:
        """A string. What YAML reads as a number is taken as it was written, so that ``version: 1.10`` stays 1.10."""
        node = self.scalar(key, (str, int, float), "a string")
        return default if node is None else node.text

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        """One of ``choices``; None if the key is missing or wrong."""
        node = self.scalar(key, (str, bool, int, float), f"one of {', '.join(choices)}")
        if node is None:
            return None
        if node.text not in choices:
            self.wrong(key, node, unknown(key, node.text, choices))
            return None
        return node.text

    def whole(self, key: str, least: int, most: int, default: int) -> int:
        """A whole number in ``least``..``most``."""
        node = self.scalar(key, int, f"a whole number from {least} to {most}")
        if node is None or not isinstance(node.value, int):
            return default
        if not least <= node.value <= most:
            self.wrong(key, node, f"{key}: {node.text} is not in {least} to {most}")
        return node.value

    def named(self, key: str, keys: Sequence[str]) -> Iterator[tuple[str, Scalar, Section]]:
        """The entries of a mapping of mappings: each name, where it stands, and its section, which has ``keys``."""
        node = self.get(key)
        if node is None:
            return
        if not isinstance(node, Entries):
            self.wrong(key, node, f"{key}: expected a mapping of names, got {describe(node)}")
            return
        for name, (at, value) in node.entries.items():
            loc = f"{self.place(key)}.{name}"
            if not ID.fullmatch(name):
                self.faults.add(at, loc, f"{quote(name)} is not a name: {ID_RULE}")
            elif not isinstance(value, Entries):
                self.faults.add(value, loc, f"{name}: expected a mapping with 'type', got {describe(value)}")
            else:
                yield name, at, Section(value, loc, self.faults, keys)

    def _check_keys(self, known: Sequence[str]) -> None:
        for key, (at, _) in self.node.entries.items():
            if key not in known and not self.faults.full:
                self.wrong(key, at, unknown("key", key, known))


def describe(node: Node) -> str:
    """A value as it is named in a message."""
    if isinstance(node, Scalar):
        return "nothing" if node.value is None else quote(node.value)
    return "a mapping" if isinstance(node, Entries) else "a list"
