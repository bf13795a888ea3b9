"""YAML text -> a tree in which every node knows its line and column. Hostile text gets an error, and gets it fast.

Of YAML (https://yaml.org/spec/1.2.2/) this takes one document, mappings with scalar keys, lists, and scalars of the
core schema: ``yes`` and ``2026-01-01`` are strings. Anchors, aliases and tags of one's own are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import msgspec
import yaml

from artdagd.errors import Fault, InvalidRecipe
from artdagd.recipes.bind import UNSAFE
from artdagd.recipes.faults import Faults
from artdagd.steps.suggest import quote

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000

# libyaml's parser is bounded in time where PyYAML's own takes seconds; without libyaml the same language is read.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_LINE = re.compile(r"\r\n|\r|\n")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_COLOUR = re.compile(r":[ \t]+(?P<colour>#[0-9a-fA-F]{6})\b")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Scalar(msgspec.Struct, frozen=True):
    """A value of the core schema. ``text`` is what was written, without quotes."""

    line: int
    column: int
    value: str | int | float | bool | None
    text: str


class Items(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    column: int
    items: list[Node]


class Entries(msgspec.Struct, frozen=True):
    """A mapping: key -> (the key as a node, the value). Keys are the text that was written."""

    line: int
    column: int
    entries: dict[str, tuple[Scalar, Node]]


Node: TypeAlias = Scalar | Items | Entries


def plain(node: Node) -> Any:
    """The value of a node as dict, list, str, int, float, bool and None."""
    if isinstance(node, Entries):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.value


def read_document(text: str | bytes, faults: Faults) -> Node:
    """The tree of ``text``. Keys that stand twice are added to ``faults``; the first one counts.

    Raises InvalidRecipe, with line and column, for all that makes the rest unreadable.
    """
    return _Builder(faults).build(_events(_decoded(text)))


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    size = len(text)
    if size > MAX_BYTES:
        _refuse(1, 1, f"the text has {size:,} bytes, and the most is {MAX_BYTES:,}")
    try:
        decoded = text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8")
        _refuse(*_place(before, len(before)), f"byte 0x{text[error.start]:02x} is not UTF-8; save the recipe as UTF-8")
    if found := UNSAFE.search(decoded):
        _refuse(*_place(decoded, found.start()), _unsafe(found[0]))
    return decoded


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if "nesting depth" in (error.problem or ""):  # libyaml's own bound is reached before ours
            _refuse(line, column, f"nested more than {MAX_DEPTH} deep")
        if mark and error.context_mark and (swallowed := _COLOUR.search(text, error.context_mark.index, mark.index)):
            line, column = _place(text, swallowed.start("colour"))
            _refuse(line, column, f'# begins a comment here; write the colour in quotes: "{swallowed["colour"]}"')
        problem = ", ".join(part for part in (error.problem, error.context) if part)
        hint = "; indent with spaces, not tabs" if mark and text[mark.index : mark.index + 1] == "\t" else ""
        _refuse(line, column, f"not YAML: {problem}{hint}")
    except yaml.YAMLError as error:
        _refuse(*_place(text, getattr(error, "position", 0) or 0), f"not YAML: {getattr(error, 'reason', error)}")


class _Builder:
    """Turns events into nodes without recursion, and stops at the first thing that is out of bounds."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._open: list[Items | Entries] = []
        self._keys: list[Scalar | None] = []
        self._root: Node | None = None
        self._nodes = 0
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    _refuse(*_start(event), "a second document begins here; a recipe is one document")
        if self._root is None:
            _refuse(1, 1, "the recipe is empty")
        return self._root

    def _node(self, event: Any) -> None:
        line, column = _start(event)
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            _refuse(line, column, f"anchors and aliases are not allowed ({quote(event.anchor)}); write the value out")
        if self._nodes > MAX_NODES:
            _refuse(line, column, f"more than {MAX_NODES:,} values")
        if isinstance(event, yaml.ScalarEvent):
            self._put(_scalar(event, line, column))
            return
        if len(self._open) >= MAX_DEPTH:
            _refuse(line, column, f"nested more than {MAX_DEPTH} deep")
        kind = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
        if event.tag not in (None, "!", _CORE + kind):
            _refuse(line, column, _foreign(event.tag))
        opened = Items(line, column, []) if kind == "seq" else Entries(line, column, {})
        self._put(opened)
        self._open.append(opened)
        self._keys.append(None)

    def _put(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        around, key = self._open[-1], self._keys[-1]
        if isinstance(around, Items):
            around.items.append(node)
        elif key is None:
            if not isinstance(node, Scalar):
                _refuse(node.line, node.column, "a key has to be a word, not a list or a mapping")
            self._keys[-1] = node
        else:
            self._keys[-1] = None
            first = around.entries.setdefault(key.text, (key, node))[0]
            if first is not key:
                self._faults.add(key, key.text, f"{quote(key.text)} stands here a second time, after line {first.line}")


def _scalar(event: Any, line: int, column: int) -> Scalar:
    text: str = event.value
    if found := UNSAFE.search(text):
        _refuse(line, column, _unsafe(found[0]))
    if event.tag in (None, "!"):
        resolve = event.tag is None and event.implicit[0]
        return Scalar(line, column, _resolved(text, line, column) if resolve else text, text)
    if event.tag == _CORE + "str":
        return Scalar(line, column, text, text)
    expected: tuple[type, ...] | None = {
        _CORE + "int": (int,),
        _CORE + "float": (float, int),
        _CORE + "bool": (bool,),
        _CORE + "null": (type(None),),
    }.get(event.tag)
    if expected is None:
        _refuse(line, column, _foreign(event.tag))
    value = _resolved(text, line, column)
    if type(value) not in expected:
        _refuse(line, column, f"{quote(text)} does not fit its tag {quote(_short(event.tag))}")
    return Scalar(line, column, value, text)


def _resolved(text: str, line: int, column: int) -> str | int | float | bool | None:
    """A plain scalar by the core schema. Raises InvalidRecipe for numbers that no config can hold."""
    if text in _WORDS:
        return _WORDS[text]
    # The first character decides, so that words cost no regular expression.
    if text[0] not in "-+.0123456789":
        return text
    if _INT.fullmatch(text):
        # 24 characters hold any 64-bit number in octal; longer ones would cost quadratic time to convert.
        number = int(text, 0 if text[:2] in ("0x", "0o") else 10) if len(text) <= 24 else 2**63
        if not -(2**63) <= number < 2**63:
            _refuse(line, column, f"{quote(text)} is too large; numbers have 64 bits")
        return number
    # No number that means something is longer; matching a megabyte would take a while.
    if len(text) <= 400 and _FLOAT.fullmatch(text):
        value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if value - value != 0:
            _refuse(line, column, f"{quote(text)} is not a finite number")
        return value + 0.0
    return text


def _refuse(line: int, column: int, message: str) -> NoReturn:
    raise InvalidRecipe(f"line {line}, column {column}: {message}", faults=[Fault("", message, line, column)])


def _start(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    lines = _LINE.split(before)
    return len(lines), len(lines[-1]) + 1


def _unsafe(character: str) -> str:
    return f"the character U+{ord(character):04X} is not allowed: it is invisible or changes how the text reads"


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag


def _foreign(tag: str) -> str:
    return f"the tag {quote(_short(tag))} is not allowed; leave it out"
