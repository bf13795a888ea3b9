"""The one family of errors. Each knows its HTTP status, its title and what the reader can do about it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong, and where: a row of ``errors`` in an ``application/problem+json`` answer.

    ``loc`` is a dotted path (``steps.sync_video.config.mode``); ``line`` and ``column`` count from 1 and
    are set where the fault lies in a text that the user wrote.
    """

    loc: str
    msg: str
    line: int | None = None
    column: int | None = None


class ArtdagError(Exception):
    """Base of every error that a user may see.

    ``detail`` says what happened to which thing, ``advice`` what to do next, ``faults`` list the places.
    """

    status = 500
    title = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        advice: str = "",
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.faults = tuple(faults)
        self.retry_after = retry_after

    @property
    def told(self) -> str:
        """What happened and what to do next, as sentences."""
        return " ".join(f"{part.rstrip('.')}." for part in (self.detail, self.advice) if part)


class InvalidRequest(ArtdagError):
    status = 400
    title = "Invalid request"


class Unauthorized(ArtdagError):
    status = 401
    title = "Not signed in"


class Forbidden(ArtdagError):
    status = 403
    title = "Not allowed"


class NotFound(ArtdagError):
    status = 404
    title = "Not found"


class Conflict(ArtdagError):
    status = 409
    title = "Conflict"


class TooLarge(ArtdagError):
    status = 413
    title = "Too large"


class UnsupportedMedia(ArtdagError):
    status = 415
    title = "Unsupported media"


class InvalidRecipe(ArtdagError):
    """A recipe, its inputs or its params are wrong; ``faults`` carry line and column where there is a text."""

    status = 422
    title = "Invalid recipe"


class TooBusy(ArtdagError):
    status = 429
    title = "Too many requests"


class BlobCorrupt(ArtdagError):
    """Stored bytes no longer hash to their name; they were quarantined and are never served."""

    status = 502
    title = "Stored content is corrupt"


class Unavailable(ArtdagError):
    status = 503
    title = "Unavailable"


class StorageFull(ArtdagError):
    status = 507
    title = "Storage full"


class StepFailed(ArtdagError):
    """A step could not be computed. ``code`` is stable: ``bad_media``, ``worker_died``, ``timeout``, ``disk_full``,
    ``refused``, ``transfer``, ``effect_error`` or ``analyzer_error``. ``retryable`` failures are tried again, within a
    bound."""

    status = 422
    title = "Step failed"

    def __init__(self, detail: str, *, code: str, retryable: bool = False, advice: str = "") -> None:
        super().__init__(detail, advice=advice)
        self.code = code
        self.retryable = retryable


class ConfigError(ArtdagError):
    """The node's settings can't be used; the process exits with 78 (EX_CONFIG)."""

    title = "Wrong configuration"
