"""Rows for every table that there is, whatever its columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, Integer, String, Table, insert

from artdagd.database.tables import metadata

HARD = "Žižkov 🎬 %_'\""


def value(column: Column[Any], number: int) -> Any:
    """A value that no other row has where it must be unique, and that is the same where a row refers to another."""
    if column.foreign_keys:
        return value(next(iter(column.foreign_keys)).column, number)
    if column.nullable and number % 2:
        return None
    if isinstance(column.type, Boolean):
        return bool(number % 2)
    if isinstance(column.type, Float):
        return number / 3
    if isinstance(column.type, Integer):
        return 3 * number + 1
    assert isinstance(column.type, String), column
    if column.name.endswith("_json"):
        return f'{{"clip": "bafy{number} \\u0000"}}'
    return f"{number} {column.name} {HARD}"[: column.type.length]


def rows_of(table: Table, count: int) -> list[dict[str, Any]]:
    return [{column.name: value(column, number) for column in table.c} for number in range(count)]


def fill(connection: Connection, count: int) -> int:
    """``count`` rows in every table; how many that are."""
    for table in metadata.sorted_tables:
        connection.execute(insert(table), rows_of(table, count))
    return count * len(metadata.sorted_tables)
