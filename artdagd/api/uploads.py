"""The ``file`` part of a multipart upload (RFC 7578), handed on while it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quart import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from artdagd.api.body import too_large
from artdagd.errors import InvalidRequest, TooLarge

UPLOADS = 64
"""Uploads at once; ``UPLOADS_EACH`` of one user."""

UPLOADS_EACH = 16

FIELD = "file"
PARTS = 16
"""Parts that a form may have."""

OVERHEAD = 256 << 10
"""Bytes that a form may have besides its file: boundaries, part headers, other fields."""

HEADERS_LIMIT = 16 << 10
"""Bytes of one part's headers, and of what precedes the first part."""

NAME_LIMIT = 255
"""Characters kept of a file's name: its end, where the extension is."""


def is_multipart(request: Request) -> bool:
    return request.mimetype == "multipart/form-data"


class Upload:
    """One form with one file. ``async with`` is not needed: nothing is held but one chunk.

    Use: ``await upload.begin()`` finds the file's part, its ``filename`` and the ``fields`` before it; then iterate
    over ``chunks()`` to the end, which raises InvalidRequest if the form is cut off, malformed, or has a second file.
    """

    def __init__(self, request: Request, chunks: AsyncIterator[bytes], limit: int) -> None:
        self._decoder = MultipartDecoder(_boundary(request), max_parts=PARTS)
        self._source = chunks
        self._limit = limit
        self._beside = 0
        self.filename: str | None = None
        self.fields: dict[str, str] = {}
        self.chosen = True

    async def begin(self) -> None:
        """Find the file. Raises InvalidRequest when the form has none. ``chosen`` is false if it is what a browser
        sends of a form in which no file was chosen."""
        inside, text = "", b""
        while not isinstance(event := await self._event(), Epilogue):
            if isinstance(event, File | Field) and event.name == FIELD:
                self.filename = clean(event.filename) if isinstance(event, File) else None
                self.chosen = not (isinstance(event, File) and event.filename == "")
                return
            if isinstance(event, File | Field):
                inside, text = event.name if isinstance(event, Field) else "", b""
            if isinstance(event, Data):
                self._pass_over(len(event.data))
                text += event.data
                if inside and not event.more_data:
                    self.fields[inside] = text.decode(errors="replace")
        raise InvalidRequest(f"the form has no field {FIELD!r}", advice=f"Send the file in the field {FIELD!r}.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes. Raises TooLarge over the limit."""
        size, inside = 0, True
        while not isinstance(event := await self._event(), Epilogue):
            if isinstance(event, File | Field) and event.name == FIELD:
                raise InvalidRequest(f"the form has two fields {FIELD!r}: one file a request")
            if not isinstance(event, Data):
                continue
            if not inside:
                self._pass_over(len(event.data))
                continue
            inside = event.more_data
            size += len(event.data)
            if size > self._limit:
                raise too_large(self._limit)
            if event.data:
                yield event.data

    async def _event(self) -> Event:
        """What the decoder finds next; the last is Epilogue."""
        while isinstance(event := self._next(), NeedData):
            try:
                chunk = await anext(self._source, None)
            except TooLarge:
                raise too_large(self._limit) from None
            self._decoder.receive_data(chunk)
            if len(self._decoder.buffer) > HEADERS_LIMIT + len(chunk or b""):
                raise InvalidRequest("the form's headers are too long, or its boundary never comes")
        return event

    def _next(self) -> Event:
        try:
            return self._decoder.next_event()
        except RequestEntityTooLarge:
            raise TooLarge(f"the form has more than {PARTS} parts", advice="Send the file alone.") from None
        except (ValueError, AttributeError) as error:
            raise InvalidRequest(f"the form is malformed or cut off: {error}") from None

    def _pass_over(self, count: int) -> None:
        self._beside += count
        if self._beside > OVERHEAD:
            raise too_large(OVERHEAD)


def clean(name: str) -> str | None:
    """A client's file name without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-NAME_LIMIT:] or None


def _boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers.get("Content-Type"))
    boundary = options.get("boundary", "")
    if not (0 < len(boundary) <= 70 and boundary.isascii()):
        raise InvalidRequest("the multipart form has no valid boundary in its Content-Type")
    return boundary.encode()
