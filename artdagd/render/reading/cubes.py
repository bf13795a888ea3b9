"""Colour look-up tables in the format .cube (Adobe, Cube LUT Specification 1.0, 2013; and the input ranges that Resolve
writes), read strictly: what is in a file is a stranger's choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from artdagd.errors import StepFailed

MAX_BYTES = 32 << 20
MAX_SIZE = {1: 65_536, 3: 65}
"""Entries along a side, by the number of dimensions."""

NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Cube:
    """``table`` holds size ** dimensions colours, red changing fastest; ``low`` and ``high`` are the inputs that its
    first and last entry stand for."""

    dimensions: int
    size: int
    low: Triple
    high: Triple
    table: Sequence[Triple]

    def text(self) -> str:
        """The table as a .cube with nothing else in it."""
        lines = [f"LUT_{self.dimensions}D_SIZE {self.size}"]
        lines += [f"DOMAIN_{name} {_row(value)}" for name, value in (("MIN", self.low), ("MAX", self.high))]
        return "\n".join([*lines, *map(_row, self.table), ""])


def read_cube(path: Path) -> Cube:
    """Raises StepFailed (``refused``), with the number of the line that is wrong."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _wrong(f"it is larger than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(f"byte {error.start} is no text") from None
    return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self._dimensions = self._size = 0
        self._domain: dict[str, Triple] = {"MIN": (0.0, 0.0, 0.0), "MAX": (1.0, 1.0, 1.0)}
        self._table: list[Triple] = []

    def read(self, text: str) -> Cube:
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#", 1)[0].split() if not line.lstrip().startswith("TITLE") else []
            if words:
                self._line(number, words)
        if not self._size:
            raise _wrong("it has neither LUT_3D_SIZE nor LUT_1D_SIZE")
        wanted = self._size**self._dimensions
        if len(self._table) != wanted:
            raise _wrong(
                f"it has {len(self._table)} colours, and a {self._dimensions}D table of {self._size} has {wanted}"
            )
        low, high = self._domain["MIN"], self._domain["MAX"]
        if any(bottom >= top for bottom, top in zip(low, high, strict=True)):
            raise _wrong("its DOMAIN_MIN is not below its DOMAIN_MAX")
        return Cube(self._dimensions, self._size, low, high, self._table)

    def _line(self, number: int, words: Sequence[str]) -> None:
        key, *values = words
        if key in ("LUT_1D_SIZE", "LUT_3D_SIZE"):
            self._set_size(number, int(key[4]), values)
        elif key in ("DOMAIN_MIN", "DOMAIN_MAX"):
            self._domain[key[7:]] = _triple(number, values)
        elif key in ("LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"):
            low, high = _numbers(number, values, 2)
            self._domain = {"MIN": (low, low, low), "MAX": (high, high, high)}
        elif key[0].isalpha() or key[0] == "_":
            raise _wrong(f"{key[:40]!r} is no keyword of a .cube", number)
        elif not self._size:
            raise _wrong("a colour stands before LUT_3D_SIZE or LUT_1D_SIZE", number)
        elif len(self._table) == self._size**self._dimensions:
            raise _wrong(f"there are more than {len(self._table)} colours", number)
        else:
            self._table.append(_triple(number, words))

    def _set_size(self, number: int, dimensions: int, values: Sequence[str]) -> None:
        if self._size:
            raise _wrong("the size is given twice", number)
        most = MAX_SIZE[dimensions]
        if len(values) != 1 or not re.fullmatch("[0-9]{1,6}", values[0]) or not 2 <= int(values[0]) <= most:
            raise _wrong(f"the size of a {dimensions}D table is a whole number from 2 to {most}", number)
        self._dimensions, self._size = dimensions, int(values[0])


def _numbers(line: int, words: Sequence[str], count: int) -> list[float]:
    if len(words) != count:
        raise _wrong(f"expected {count} numbers, got {len(words)}", line)
    for word in words:
        if not NUMBER.fullmatch(word) or not isfinite(float(word)):
            raise _wrong(f"{word[:40]!r} is no number", line)
    return [float(word) for word in words]


def _triple(line: int, words: Sequence[str]) -> Triple:
    red, green, blue = _numbers(line, words, 3)
    return red, green, blue


def _row(values: Triple) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _wrong(what: str, line: int | None = None) -> StepFailed:
    place = "" if line is None else f"line {line}: "
    return StepFailed(
        f"its look-up table can't be read: {place}{what}", code="refused", advice="Export it as .cube anew."
    )
