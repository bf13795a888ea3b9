"""Style sheets and other files of our own pages, read once and served from memory."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

from quart import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.http import parse_etags

RULE = "/static/<path:name>"


def serve(folder: Path) -> Callable[..., Awaitable[Response]]:
    """The view of :data:`RULE`. What is not in ``folder`` now is not there."""
    held = {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
    tags = {name: hashlib.sha256(data).hexdigest()[:32] for name, data in held.items()}

    async def asset(name: str) -> Response:
        if name not in held:
            raise NotFound
        headers = {"ETag": f'"{tags[name]}"', "Cache-Control": "public, max-age=300"}
        if parse_etags(request.headers.get("If-None-Match")).contains_weak(tags[name]):
            return Response(None, 304, headers)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(held[name], 200, headers, content_type=kind)

    return asset
