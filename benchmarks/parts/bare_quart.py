"""The least Quart app under Hypercorn: ``/run`` answers JSON, ``/file`` sends the file named on the command line."""

from __future__ import annotations

import asyncio
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, send_file

app = Quart(__name__)


@app.get("/run")
async def run() -> dict[str, object]:
    return {"run_id": "r", "status": "completed", "steps": []}


@app.get("/file")
async def file() -> Response:
    return await send_file(sys.argv[2])


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    asyncio.run(serve(app, config))
