"""What an error of a driver means: whose fault it is, whether the work may be done again, and for how long to try."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from artdagd.errors import InvalidRequest, StorageFull, Unavailable

PATIENCE = 4.0
"""Seconds for which a caller waits for a database that is away; then it is told to come back later."""

PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds before the second try; each pause is twice the one before, up to the longest."""

SQLITE = ("disk i/o error", "readonly", "unable to open", "malformed")
"""What SQLite says when the fault is the machine's and not the statement's."""

FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""SQLite's names for a full disk; the second where the index of its journal has no room."""

GONE = ("57P01", "57P02", "57P03", "57P05", "25P03", "53300")
"""PostgreSQL is shutting down, has crashed, is not up yet, ended the session (also for its silence), or has no place
for another (its manual, appendix A); class 08 is trouble with the connection."""

ROLLED_BACK = ("40001", "40P01")
"""PostgreSQL undid the transaction for the sake of others: serialization failure, deadlock."""

MACHINE = ("53", "58", "XX", "25006")
"""Out of resources, trouble of the system, damage; a server that takes no writes (it was demoted)."""


NUL = "22021"
"""PostgreSQL was asked for a text with a NUL, which it keeps in none (character_not_in_repertoire)."""


class Away(Unavailable):
    """Nobody answers, or not in time: later the same will do. Nothing was written, or it is not known whether."""


class Patience:
    """Tries with growing pauses, until PATIENCE is over."""

    def __init__(self) -> None:
        self._end = time.monotonic() + PATIENCE
        self._pause = PAUSE

    async def more(self) -> bool:
        """Wait until the next try; False if there is none."""
        if time.monotonic() + self._pause > self._end:
            return False
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True


def gone(error: BaseException) -> bool:
    """Whether the server or the connection to it went away."""
    code = _sqlstate(error)
    if code.startswith("08") or code in GONE:
        return True
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, ConnectionError | TimeoutError) or "connection is closed" in _said(error)


def starting(error: BaseException) -> bool:
    """Whether the server is there, but takes no sessions yet, or none any more."""
    return _sqlstate(error) == "57P03"


def rolled_back(error: BaseException) -> bool:
    """Whether the database undid the transaction, and the same may succeed now."""
    return _sqlstate(error) in ROLLED_BACK


def problem(error: Exception) -> Exception:
    """``error``, or what it means to a caller where the database itself is in trouble."""
    said, code = _said(error), _sqlstate(error)
    name = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
    if "disk is full" in said or "No space left" in said or code == "53100" or name in FULL:
        return StorageFull("the disk of the database is full", advice="Free some space.")
    told = f"the database does not answer: {(said.splitlines() or [type(error).__name__])[0]}"
    if gone(error) or rolled_back(error) or isinstance(error, PoolTimeout) or "locked" in said:
        return Away(told, retry_after=2)
    if code == NUL:
        return InvalidRequest("there is a NUL character in what was given", advice="Leave it out.")
    if isinstance(error, OSError) or code.startswith(MACHINE) or any(word in said.lower() for word in SQLITE):
        return Unavailable(told, retry_after=2)
    return error


def _said(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error)


def _sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters; a driver's own error may reach us as it is, from where it connects."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""
