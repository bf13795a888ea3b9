"""Figures as people read them on pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any


def size(count: int) -> str:
    """Bytes: ``1.4 MiB``."""
    if count < 1024:
        return f"{count} bytes"
    amount, units = count / 1024, ["TiB", "GiB", "MiB", "KiB"]
    while amount >= 1023.95 and len(units) > 1:
        amount /= 1024
        units.pop()
    return f"{amount:.1f} {units[-1]}"


def span(seconds: float) -> str:
    """A duration: ``4.20 s``, ``3:07``, ``1:02:03``."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(seconds: float) -> str:
    """A place in time: ``0:04.25``, ``3:07``."""
    minutes, rest = divmod(round(seconds, 2), 60)
    whole = f"{int(minutes)}:{int(rest):02}"
    return whole + (f"{rest % 1:.2f}"[1:] if rest % 1 >= 0.005 else "")


def grown(seconds: float) -> str:
    """A duration that still grows, in whole seconds: ``5 s``, ``3:07``."""
    return span(seconds) if round(seconds) >= 60 else f"{round(seconds)} s"


def about(seconds: float) -> str:
    """How long something still takes, no more exactly than it is known: ``20 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def moment(text: str) -> str:
    """An RFC 3339 time, to the second: ``2026-01-31 12:00:05 UTC``."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def between(start: str, end: str) -> str:
    """The duration from one RFC 3339 time to another."""
    return span(max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()))


def number(value: float) -> str:
    """``25``, ``29.97``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def short(name: str) -> str:
    """A CID or another long name, so that one tells it from its neighbours."""
    return name if len(name) <= 20 else f"{name[:8]}…{name[-8:]}"


def called(entry: Any) -> str:
    """What to call a medium: its title, its file's name, or its CID."""
    return str(entry.title or entry.filename or short(entry.cid))


def kind(entry: Any) -> str:
    """What a medium is: until a worker has looked at it, what its first bytes say."""
    return str(entry.kind if entry.kind != "other" else entry.media_type.partition("/")[0])


def still(entry: Any) -> str:
    """The picture that stands for a medium in a list: ``poster``, ``waveform`` or none."""
    return {"video": "poster", "image": "poster", "audio": "waveform"}.get(kind(entry), "")


def plain(value: Any) -> str:
    """A value of a recipe, a run or a description: words as they are, a list of words with commas, else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


FILTERS: Mapping[str, Callable[..., str]] = {
    filter_.__name__: filter_
    for filter_ in (size, span, clock, grown, about, moment, between, number, short, called, kind, still, plain)
}
