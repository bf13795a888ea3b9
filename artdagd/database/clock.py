"""Wall-clock time for display: RFC 3339, UTC. Nothing is ordered or timed out by it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    return rfc3339(datetime.now(UTC))


def rfc3339(moment: datetime) -> str:
    """``moment``, which knows its zone, in UTC to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
