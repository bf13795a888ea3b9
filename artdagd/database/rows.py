"""Between frozen structs and rows: fields named in ``JSON`` live in ``*_json`` columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table, and_, or_, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

S = TypeVar("S", bound=msgspec.Struct)

BATCH = 500
"""Keys asked for in one statement: below the limit of variables of every SQLite."""


def owned(table: Table, owner: str | None) -> ColumnElement[bool]:
    """Which rows are ``owner``'s; all of them for None."""
    return true() if owner is None else table.c.owner == owner


def matching(query: str | None, most: int, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Which rows have every word of ``query`` in one of ``columns``, in letters of either case; of more than ``most``
    words the first count."""
    words = (query or "").split()[:most]
    return and_(true(), *(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words))


def batches(keys: Iterable[str]) -> Iterator[list[str]]:
    """The different ones of ``keys``, in pieces that fit into a statement."""
    different = list(dict.fromkeys(keys))
    for start in range(0, len(different), BATCH):
        yield different[start : start + BATCH]


def to_row(values: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Values by field as values by column. A NUL, which PostgreSQL keeps in no text, becomes U+FFFD."""
    row = {}
    for name, value in values.items():
        column = f"{name}_json"
        if column in table.c:
            row[column] = None if value is None else msgspec.json.encode(value).decode()
        else:
            row[name] = value.replace("\0", "\ufffd") if isinstance(value, str) else value
    return row


def from_row(kind: type[S], row: RowMapping) -> S:
    """A row as a struct; columns that the struct does not have are left out."""
    plain, coded = _columns(kind, tuple(row))
    values = {name: row[name] for name in plain}
    for name, column, type_ in coded:
        text = row[column]
        values[name] = None if text is None else msgspec.json.decode(text, type=type_)
    return kind(**values)


@cache
def _columns(
    kind: type[msgspec.Struct], columns: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, str, Any], ...]]:
    """The fields that are columns, and those that are JSON in one, with that column and their type. (Kept, since
    msgspec reads the annotations anew each time it is asked.)"""
    coded = {field.name: field.type for field in msgspec.structs.fields(kind) if f"{field.name}_json" in columns}
    plain = tuple(field.name for field in msgspec.structs.fields(kind) if field.name not in coded)
    return plain, tuple((name, f"{name}_json", type_) for name, type_ in coded.items())


async def insert_new(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert rows, leaving those that exist as they are. Returns how many were new."""
    if not rows:
        return 0
    # What is returned is counted: asyncpg tells of several rows only that they were sent.
    statement = insert(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
    return len((await connection.execute(statement, rows)).all())


async def upsert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows or replace those with the same primary key. ``rows`` have the same columns."""
    new = insert(connection, table)
    keys = {column.name for column in table.primary_key}
    changed = {name: new.excluded[name] for name in rows[0] if name not in keys}
    await connection.execute(new.on_conflict_do_update(index_elements=sorted(keys), set_=changed), rows)


def insert(connection: AsyncConnection, table: Table) -> Any:
    """An INSERT in the dialect of ``connection``, which knows of conflicts."""
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Insert = make(table)
    return statement
