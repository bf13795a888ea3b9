"""The least Starlette app under uvicorn: ``/run`` answers JSON, ``/file`` sends a file, POST ``/upload`` takes one.

An upload is written to the folder named on the command line and hashed with sha256; nothing is synced to the disk.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route


async def run(request: Request) -> JSONResponse:
    return JSONResponse({"run_id": "r", "status": "completed", "steps": []})


async def file(request: Request) -> FileResponse:
    return FileResponse(sys.argv[2], media_type="application/octet-stream")


async def upload(request: Request) -> JSONResponse:
    digest = hashlib.sha256()
    with Path(sys.argv[2]).open("wb") as out:  # noqa: ASYNC230 - the page cache takes it at once
        async for chunk in request.stream():
            out.write(chunk)
            digest.update(chunk)
    return JSONResponse({"sha256": digest.hexdigest()})


app = Starlette(routes=[Route("/run", run), Route("/file", file), Route("/upload", upload, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
