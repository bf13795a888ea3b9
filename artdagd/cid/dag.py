"""Structured values as bytes with one form only: dag-json and dag-cbor (ipld.io/specs/codecs), and their CIDs."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import msgspec

from artdagd.cid.identifier import CID, DAG_JSON

MAX_DEPTH = 128
"""Nesting of a structured value."""

# Keys are sorted as Python sorts text, by code points, which is the order of their UTF-8 bytes.
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_PLAIN = {type(None), bool, int, float, str, list, tuple, dict}


def cid_of_dag_json_bytes(data: bytes) -> str:
    """The CID of bytes that are dag-json already."""
    return str(CID(1, DAG_JSON, hashlib.sha256(data).digest()))


def cid_of_value(value: Any) -> str:
    """The CID of ``value`` as dag-json. Raises ValueError as :func:`dag_json` does."""
    return cid_of_dag_json_bytes(dag_json(value))


def dag_json(value: Any) -> bytes:
    """``value`` as canonical dag-json: keys sorted by their UTF-8 bytes, no white space, floats in their shortest form.

    Takes None, bool, int, float, str, bytes, :class:`CID` (a link), lists, tuples and mappings with str keys.
    Raises ValueError for anything else, NaN and infinities, integers beyond 64 bits, a key ``/`` (reserved for links
    and bytes), text that is not Unicode, and nesting deeper than :data:`MAX_DEPTH`; the message names the place.
    """
    floats: list[float] = []
    if not _is_plain(value, floats):
        value = _json_form(value, "value", 0)
    elif all(1e-4 <= number < 1e16 or not number for number in map(abs, floats)):
        # Of a float without an exponent both write the same, and msgspec does it in a fifth of the time.
        return msgspec.json.encode(value, order="sorted")
    return _JSON.encode(value).encode()


def read_dag_json(data: bytes) -> Any:
    """The value of dag-json bytes; links become :class:`CID`. Raises ValueError if they are not dag-json."""
    try:
        return _from_json_form(msgspec.json.decode(data), 0)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not dag-json: {error}") from None


def dag_cbor(value: Any) -> bytes:
    """``value`` as deterministic dag-cbor. Takes and refuses what :func:`dag_json` does; a key ``/`` is allowed."""
    out = bytearray()
    _cbor(value, "value", 0, out)
    return bytes(out)


def _check(value: Any, place: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"{place[:80]}… is nested deeper than {MAX_DEPTH}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place} is {value}, which has no canonical form: use a finite number or null")
    if isinstance(value, int) and not -(1 << 64) <= value < 1 << 64:
        raise ValueError(f"{place} is an integer of more than 64 bits")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"{place} has the key {key!r}: keys are text")
    elif value is not None and not isinstance(value, (bool, int, float, str, bytes, CID, list, tuple)):
        raise ValueError(f"{place} is a {type(value).__name__}: it has no form in the IPLD data model")


def _is_plain(value: Any, floats: list[float]) -> bool:
    """Whether ``value`` is its own JSON form: the quick way through a plan of thousands of steps, which most take. Its
    floats are added to ``floats``."""
    level: list[Any] = [value]
    keys: list[Any] = []
    for _ in range(MAX_DEPTH + 1):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if int in kinds and not all(-(1 << 64) <= item < 1 << 64 for item in level if type(item) is int):
            return False
        if float in kinds:
            floats += [item for item in level if type(item) is float]
        inside: list[Any] = []
        if dict in kinds:
            for item in level:
                if type(item) is dict:
                    keys += item
                    inside += item.values()
        if list in kinds or tuple in kinds:
            for item in level:
                if type(item) is list or type(item) is tuple:
                    inside += item
        if not inside:
            return set(map(type, keys)) <= {str} and "/" not in keys and all(map(math.isfinite, floats))
        level = inside
    return False


def _json_form(value: Any, place: str, depth: int) -> Any:
    _check(value, place, depth)
    if isinstance(value, CID):
        return {"/": str(value)}
    if isinstance(value, bytes):
        return {"/": {"bytes": base64.b64encode(value).decode().rstrip("=")}}
    if isinstance(value, Mapping):
        if "/" in value:
            raise ValueError(f"{place} has the key '/', which dag-json reserves for links and bytes")
        return {key: _json_form(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_form(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    return value


def _from_json_form(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"not dag-json: nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        return [_from_json_form(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"/": str(link)} if len(value) == 1:
            return CID.parse(link)
        case {"/": {"bytes": str(text)}} if len(value) == 1 and len(value["/"]) == 1:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        case {"/": _}:
            raise ValueError("not dag-json: the key '/' is reserved for links and bytes")
    return {key: _from_json_form(item, depth + 1) for key, item in value.items()}


def _cbor(value: Any, place: str, depth: int, out: bytearray) -> None:
    _check(value, place, depth)
    if value is None or isinstance(value, bool):
        out += {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    elif isinstance(value, int):
        out += _cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xFB, value)
    elif isinstance(value, CID):
        link = b"\x00" + bytes(value)
        out += _cbor_head(6, 42) + _cbor_head(2, len(link)) + link
    elif isinstance(value, (bytes, str)):
        data = value if isinstance(value, bytes) else value.encode()
        out += _cbor_head(2 if isinstance(value, bytes) else 3, len(data)) + data
    elif isinstance(value, (list, tuple)):
        out += _cbor_head(4, len(value))
        for index, item in enumerate(value):
            _cbor(item, f"{place}[{index}]", depth + 1, out)
    else:
        out += _cbor_head(5, len(value))
        for data, key in sorted(((key.encode(), key) for key in value), key=lambda pair: (len(pair[0]), pair[0])):
            out += _cbor_head(3, len(data)) + data
            _cbor(value[key], f"{place}.{key}", depth + 1, out)


def _cbor_head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    width = next(width for width in (1, 2, 4, 8) if argument < 1 << 8 * width)
    return bytes([major << 5 | 23 + width.bit_length()]) + argument.to_bytes(width, "big")
