"""The log of a process: lines for a person, JSON lines, or the fields of journald. Never a token."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import sys
from datetime import UTC, datetime
from typing import Any

from artdagd.errors import ConfigError

FORMATS = ("text", "json", "journal")
VARIABLE = "ARTDAG_LOG"
JOURNAL = "/run/systemd/journal/socket"
LONGEST = 48 << 10
"""Characters of one entry; the rest is cut off. A datagram has to hold it."""

QUIET = ("aiosqlite", "hypercorn.access", "alembic", "asyncio", "httpcore", "httpx")
"""Loggers that say too much of what concerns nobody."""

REFUSED, EVERY = "socket.accept() out of system resource", 10.0
"""What asyncio says, with a trace, many times a second while the process has no file descriptors left; and after how
many seconds it may say so again."""

PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
"""Of syslog(3)."""

SECRETS = (
    re.compile(r"artdag_[A-Za-z0-9_-]{40,}"),
    re.compile(r"(?i)(?<=bearer )[^\s\"',]+"),
    re.compile(r"(?i)(?<=[?&])[\w-]*(?:token|secret|password|code|key)=[^&\s\"']+"),
    re.compile(r"(?<=://)[^/\s@\"']*:[^/\s@\"']*(?=@)"),
)
HIDDEN = "[secret]"


def set_up(verbose: bool = False, environ: dict[str, str] | os._Environ[str] = os.environ) -> None:
    """Log to standard error in the format of ``ARTDAG_LOG``, or to the journal.

    Unset, it is the journal where standard error leads there (``JOURNAL_STREAM``), else text. Raises ConfigError for a
    format that is unknown.
    """
    chosen = environ.get(VARIABLE) or ("journal" if _in_journal(environ) else "text")
    if chosen not in FORMATS:
        raise ConfigError(f"{VARIABLE} is {chosen!r}", advice=f"Write one of {', '.join(FORMATS)}.")
    handler: logging.Handler
    if chosen == "journal" and os.path.exists(JOURNAL):
        handler = JournalHandler(JOURNAL)
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if chosen == "json" else Text())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("asyncio").addFilter(Seldom())


def without_secrets(text: str) -> str:
    """``text`` without what looks like a token, a password in an address, or a secret in a query."""
    for pattern in SECRETS:
        text = pattern.sub(HIDDEN, text)
    return text


class Seldom(logging.Filter):
    """Lets ``REFUSED`` be said once in ``EVERY`` seconds, in one line."""

    _last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.getMessage().startswith(REFUSED):
            return True
        if record.created - self._last < EVERY:
            return False
        self._last = record.created
        record.msg, record.args, record.exc_info = "no connection can be taken: out of file descriptors", (), None
        return True


class Text(logging.Formatter):
    """Lines for a person."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``process`` and, of an
    exception, ``trace``."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()[:LONGEST]),
            "process": record.process,
        }
        if record.exc_info:
            entry["trace"] = without_secrets(self.formatException(record.exc_info)[-LONGEST:])
        return json.dumps(entry, ensure_ascii=False)


class JournalHandler(logging.Handler):
    """To journald by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of fields, an entry each.

    Besides ``MESSAGE`` and ``PRIORITY``: ``SYSLOG_IDENTIFIER``, ``LOGGER``, ``CODE_FILE``, ``CODE_LINE``,
    ``CODE_FUNC``. What the journal does not take goes to standard error.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = without_secrets(self.format(record))[:LONGEST]
            fields = {
                "MESSAGE": message,
                "PRIORITY": PRIORITIES.get(record.levelname, 6),
                "SYSLOG_IDENTIFIER": "artdagd",
                "LOGGER": record.name,
                "CODE_FILE": record.pathname,
                "CODE_LINE": record.lineno,
                "CODE_FUNC": record.funcName,
            }
            try:
                self._socket.sendto(b"".join(field(name, str(value)) for name, value in fields.items()), self._address)
            except OSError:
                sys.stderr.write(f"<{fields['PRIORITY']}>{message}\n")
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self._socket.close()
        super().close()


def field(name: str, value: str) -> bytes:
    """One field of an entry: with its length where the value has several lines."""
    data = value.encode(errors="backslashreplace")
    if b"\n" in data:
        return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return name.encode() + b"=" + data + b"\n"


def _in_journal(environ: dict[str, str] | os._Environ[str]) -> bool:
    try:
        here = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{here.st_dev}:{here.st_ino}"
