"""The least FastAPI app under uvicorn: ``/run`` answers JSON."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/run")
async def run() -> dict[str, object]:
    return {"run_id": "r", "status": "completed", "steps": []}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
