"""Wall-clock time for display: RFC 3339, UTC. Nothing is ordered or timed out by it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
