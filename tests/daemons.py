"""A daemon in a process of its own, as systemd would run it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from nodes import share_templates

from tests import databases


@asynccontextmanager
async def daemon(
    home: Path,
    *,
    workers: int = 1,
    files: int | None = None,
    sqlite: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[tuple[subprocess.Popen[bytes], httpx.AsyncClient]]:
    """A daemon in a process of its own, ready for work; it may have ``files`` file descriptors, if that is given.

    ``settings`` is what its settings file has.
    """
    (home / "address").unlink(missing_ok=True)
    environment = {
        **os.environ, **({} if sqlite or settings else databases.environment(home)),
        "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "--port", "0", "--workers", str(workers)]
    home.mkdir(exist_ok=True)
    share_templates(home)
    if not sqlite and not settings:
        databases.prepare(home)
    if settings:
        (home / "settings.yaml").write_text(json.dumps(settings))
        command += ["--config", str(home / "settings.yaml")]
    if files:
        command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(90):
            while not (home / "address").exists():
                assert process.poll() is None, (home / "log").read_text()
                await asyncio.sleep(0.02)
        token = (home / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=(home / "address").read_text().strip(), headers=headers, timeout=60
        ) as http:
            yield process, http
    finally:
        process.kill()
        process.wait()


async def until(http: httpx.AsyncClient, run_id: str, reached: Any) -> dict[str, Any]:
    async with asyncio.timeout(90):
        while True:
            run = (await http.get(f"/api/run/{run_id}")).json()
            if reached(run):
                return dict(run)
            assert run["status"] != "failed", run
            await asyncio.sleep(0.02)
