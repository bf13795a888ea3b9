"""What the registry says no to."""

from __future__ import annotations


class Refused(Exception):
    """``detail`` says what is wrong and what to do, in words fit for whoever asked; ``status`` is that of HTTP."""

    def __init__(self, status: int, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
