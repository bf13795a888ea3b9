"""A step's config, checked against its struct with every fault at once, and in one canonical form."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from artdagd.errors import Fault, InvalidRecipe
from artdagd.steps.suggest import nearest, quote, unknown

Path = tuple[str | int, ...]

_WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "a string",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_INDEX = re.compile(r"\[(\d+)\]|\.([A-Za-z_]\w*)")


class Complaint(msgspec.Struct, frozen=True):
    """One thing that is wrong in a config. ``path`` leads to it from the config.

    ``about`` tells what is wrong: the ``key`` is unknown or missing, no value of the given ``type`` would do, this
    ``value`` would not, or its ``order`` among those beside it.
    """

    path: Path
    msg: str
    about: Literal["key", "type", "value", "order"] = "value"

    def fault(self) -> Fault:
        """As a row of an error; ``loc`` begins at ``config``."""
        return Fault(
            "config" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path), self.msg
        )


def complaints(kind: type[msgspec.Struct], raw: Mapping[str, Any], apart: Collection[str] = ()) -> list[Complaint]:
    """All that is wrong with ``raw`` as a ``kind``, in the order of ``raw``; ``apart`` are fields that the caller sees
    to, and then to how the fields go together."""
    fields = fields_of(kind)
    found: list[Complaint] = []
    for key, value in raw.items():
        if key in apart:
            continue
        if key in fields:
            found += field_complaints(key, value, fields[key].type)
        else:
            found.append(Complaint((key,), unknown("parameter", key, fields), "key"))
    for name, field in fields.items():
        if field.required and name not in raw:
            found.append(Complaint((), f"parameter {name!r} is missing", "key"))
    if not found and not apart:
        try:
            msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            found.append(Complaint((), str(error)))
    return found


def canonical(kind: type[msgspec.Struct], raw: Mapping[str, Any]) -> tuple[msgspec.Struct, dict[str, Any]]:
    """``raw``, which ``complaints`` has passed, as a struct and as JSON types with every default filled in.

    Whole numbers in float fields become floats and -0.0 becomes 0.0, so that equal configs have equal bytes.
    """
    struct: msgspec.Struct = msgspec.convert(_positive_zero(dict(raw)), kind)
    filled: dict[str, Any] = _positive_zero(msgspec.to_builtins(struct, order="deterministic"))
    return struct, filled


def refusal(found: list[Complaint]) -> InvalidRecipe:
    """The error for a config that has ``found`` wrong with it."""
    return InvalidRecipe("; ".join(one.msg for one in found[:8]), faults=[one.fault() for one in found])


@functools.cache
def fields_of(kind: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """The fields of a struct by the names that they have outside of Python."""
    # Kept, because msgspec evaluates the annotations anew for each call.
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def field_complaints(key: str, value: Any, type_: Any) -> list[Complaint]:
    """All that is wrong with the value of one field."""
    if (path := _not_finite(value, (key,))) is not None:
        return [Complaint(path, f"{key} is not a finite number", "value")]
    inside = [
        Complaint((key, *path, *one.path), f"{key}: {one.msg}", one.about)
        for path, part, kind in _structs(value, type_)
        for one in complaints(kind, part)
    ]
    if inside:
        return inside
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        # msgspec writes [...] for the values of a mapping; what is below has no path.
        steps = _INDEX.findall(where.partition("[...]")[0])
        path = (key, *(int(index) if index else name for index, name in steps))
        return [_worded(path, message, _at(value, path[1:]), type_)]
    return []


def _structs(value: Any, type_: Any) -> list[tuple[Path, Mapping[str, Any], type[msgspec.Struct]]]:
    """The mappings in ``value`` that stand for structs, each with the path that leads there."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _structs(value, arguments[0])
    if origin in (Union, UnionType):
        return [found for argument in arguments for found in _structs(value, argument)]
    if origin in (list, tuple) and isinstance(value, list | tuple):
        inside = [(i, found) for i, item in enumerate(value) for found in _structs(item, arguments[0])]
        return [((i, *path), part, kind) for i, (path, part, kind) in inside]
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct) and isinstance(value, Mapping):
        return [((), value, type_)]
    return []


def _worded(path: Path, message: str, value: Any, type_: Any) -> Complaint:
    """msgspec's message with the offending text in it, and the nearest choice."""
    name = ".".join(str(part) for part in path if isinstance(part, str))
    if message.startswith("Invalid enum value"):
        choices = [str(choice) for choice in _choices(type_)]
        near = nearest(str(value), choices)
        hint = f"did you mean {near!r}?" if near else f"choose from {', '.join(choices)}"
        return Complaint(path, f"{name}: {quote(value)} is not a choice; {hint}")
    if not message.startswith("Expected "):
        return Complaint(path, f"{name}: {message}")
    wanted, got, _ = message.removeprefix("Expected ").partition(", got ")
    if " matching regex " in wanted:
        wanted = _pattern_words(type_) or wanted
    wanted = re.sub(r"`([^`]*)`", lambda match: _type_words(match[1]), wanted)
    if wanted == "a mapping" and (kind := _struct_within(type_)) is not None:
        wanted += f" of {', '.join(fields_of(kind))}"
    text = f"{name}: expected {wanted}, got {quote(value)}"
    if value is None and "#RRGGBB" in (_pattern_words(type_) or ""):
        text += '; in YAML # begins a comment: write "#RRGGBB" in quotes'
    if isinstance(value, str) and value.lower() in ("yes", "no", "on", "off") and "true or false" in wanted:
        text += "; write true or false"
    return Complaint(path, text, "type" if got else "value")


def _type_words(types: str) -> str:
    return " or ".join(_WORDS.get(part, part) for part in types.split(" | ") if part != "null")


def _choices(type_: Any) -> tuple[Any, ...]:
    """The values of the ``Literal`` within a type, however it is wrapped (Annotated, Optional, tuple, struct)."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return tuple(choice for field in fields_of(type_).values() for choice in _choices(field.type))
    found: tuple[Any, ...] = ()
    for argument in get_args(type_):
        found += (argument,) if isinstance(argument, str | int) else _choices(argument)
    return found


def _struct_within(type_: Any) -> type[msgspec.Struct] | None:
    """The struct that a type is, or holds (Annotated, Optional, list)."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return type_
    return next((kind for one in get_args(type_) if (kind := _struct_within(one)) is not None), None)


def _pattern_words(type_: Any) -> str | None:
    """What the declaration of a pattern says of it; a regular expression is no message for an artist."""
    if isinstance(type_, msgspec.Meta):
        return type_.description if type_.pattern else None
    inner = (*get_args(type_), *getattr(type_, "__metadata__", ()))
    return next((words for one in inner if (words := _pattern_words(one))), None)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _not_finite(value: Any, path: Path) -> Path | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return next((bad for key, item in pairs if (bad := _not_finite(item, (*path, key)))), None)
    return None


def _positive_zero(value: Any) -> Any:
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, dict):
        return {key: _positive_zero(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_positive_zero(item) for item in value]
    return value
