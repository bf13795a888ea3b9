"""The clock of the database's machine, by which nodes judge each other: what their own clocks say does not matter."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class moment(FunctionElement[float]):
    """In a statement: seconds since 1970, when it is carried out."""

    type = Float()
    inherit_cache = True


@compiles(moment, "sqlite")
def _sqlite(element: moment, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(moment, "postgresql")
def _postgresql(element: moment, compiler: Any, **options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
