"""F11, G4: after people have signed in, made tokens, rendered and published, no byte of a token is left anywhere.

What was left is what a node and a registry have on disk, what they logged at DEBUG, what they answered (but for the one
answer that hands a token out), and the environment and command line of every process.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from registries import PASSWORD, RunningRegistry, running_registry

from tests.ports import free_port

ROOT = Path(__file__).parents[3]

RECIPE = """
name: small
inputs:
  clip: {type: video}
steps:
  - {id: short, type: SEGMENT, inputs: [clip], config: {start: 0, duration: 0.5}}
  - {id: small, type: RESIZE, inputs: [short], config: {width: 160, height: 90}}
output: small
"""


class Watch:
    """The ``secrets`` that were seen, by what they are, and everything that was ``said``."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {"the password": PASSWORD}
        self.said: list[tuple[str, bytes]] = []

    async def ask(
        self, http: httpx.AsyncClient, method: str, path: str, *, hands_out: bool = False, **more
    ) -> httpx.Response:
        answer = await http.request(method, path, **more)
        if not hands_out:
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
            self.said.append((f"{method} {urlsplit(path).path}: {answer.status_code}", head.encode() + answer.content))
        return answer

    def found(self, place: str, data: bytes) -> list[str]:
        return [f"{name} in {place}" for name, secret in self.secrets.items() if any(s in data for s in spelt(secret))]


def spelt(secret: str) -> Iterator[bytes]:
    """A secret as it may have been written down."""
    data = secret.encode()
    yield data
    yield data.hex().encode()
    yield base64.b64encode(data).rstrip(b"=")[:-1]
    yield secret.encode("utf-16-le")


@asynccontextmanager
async def daemon(home: Path, config: dict) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The node as a process, at its most talkative; ``home/log`` is what it says."""
    home.mkdir()
    (home / "config.yaml").write_text(json.dumps(config))
    command = [sys.executable, "-m", "artdagd.cli.daemon", "serve", "-v", "--config", str(home / "config.yaml")]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, "ARTDAG_HOME": str(home)}, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(60):
            while not (home / "address").exists():
                assert process.poll() is None, (home / "log").read_text()
                await asyncio.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def left_by(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """The environments and command lines of a process and its children."""
    pids = [process.pid]
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            for name in ("environ", "cmdline"):
                yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
    assert len(pids) > 1, "there are workers"


async def test_no_byte_of_a_token_is_left_anywhere(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    watch, address = Watch(), f"http://127.0.0.1:{free_port()}"
    async with running_registry(tmp_path / "registry") as registry:
        await registry.add_user("giles")
        await registry.add_renderer(address, "The node")
        config = {
            "port": int(address.rpartition(":")[2]),
            "public_url": address,
            "workers": 1,
            "reserve_bytes": 0,
            "outbound_private": ["127.0.0.1"],
            "plugins": {"federation_l2": {"server": registry.url, "domain": registry.domain}},
        }
        async with daemon(tmp_path / "home", config) as process:
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as browser:
                await _sign_in(watch, registry, browser, address)
                await _work(watch, browser)
            async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as program:
                await _use_tokens(watch, program, tmp_path / "home")
            found = [fault for place, data in left_by(process) for fault in watch.found(place, data)]
            # While it runs: what SQLite has not yet taken out of its log is there.
            found += _on_disk(watch, tmp_path)
        found += _on_disk(watch, tmp_path)
    for place, data in [*watch.said, ("the registry's log", _logged(caplog))]:
        found += watch.found(place, data)
    assert len(watch.secrets) >= 7
    assert sorted(set(found)) == []


async def _sign_in(watch: Watch, registry: RunningRegistry, browser: httpx.AsyncClient, address: str) -> None:
    async with registry.signed_in("giles") as at_registry:
        watch.secrets |= {f"the registry's cookie {name}": value for name, value in at_registry.cookies.items()}
        target = await registry.attach(at_registry, address)
        watch.secrets["the registry's token"] = parse_qs(urlsplit(target).query)["auth_token"][0]
        for page in ("/", "/renderers"):
            await watch.ask(at_registry, "GET", page)
    answer = await watch.ask(browser, "GET", target, hands_out=True)
    assert answer.status_code == 303, answer.text
    (watch.secrets["the session"],) = browser.cookies.values()
    await watch.ask(browser, "GET", target)  # it is used
    answer = await watch.ask(browser, "GET", "/auth?auth_token=canary-that-is-not-known-anywhere-1234567890")
    assert answer.status_code == 401
    watch.secrets["an unknown token"] = "canary-that-is-not-known-anywhere-1234567890"


async def _work(watch: Watch, browser: httpx.AsyncClient) -> None:
    proof = (await watch.ask(browser, "GET", "/auth/session", hands_out=True)).json()["csrf_token"]
    watch.secrets["the proof"] = proof
    headers = {"X-CSRF-Token": proof}
    clip = {"file": ("a.mp4", (ROOT / "examples" / "media" / "bunny.mp4").read_bytes())}
    video = (await watch.ask(browser, "POST", "/cache/upload", files=clip, headers=headers)).json()["cid"]
    body = {"recipe_yaml": RECIPE, "inputs": {"clip": video}}
    run = (await watch.ask(browser, "POST", "/api/run-recipe", json=body, headers=headers)).json()
    await watch.ask(browser, "GET", f"/api/run/{run['run_id']}/events")
    run = (await watch.ask(browser, "GET", f"/runs/{run['run_id']}")).json()
    assert run["status"] == "completed", run
    cid = run["output_cid"]
    for path in (f"/cache/{cid}", f"/api/run/{run['run_id']}/provenance", f"/api/run/{run['run_id']}/plan"):
        await watch.ask(browser, "GET", path)
    answer = await watch.ask(browser, "POST", f"/cache/{cid}/publish", headers=headers)
    assert answer.status_code == 200, answer.text
    for path in ("/runs", "/media", f"/cache/{cid}/publish", "/workers", "/plugins", "/metrics", "/openapi.json"):
        await watch.ask(browser, "GET", path)


async def _use_tokens(watch: Watch, program: httpx.AsyncClient, home: Path) -> None:
    admin = (home / "admin-token").read_text().strip()
    watch.secrets["the admin's token"] = admin
    program.headers["Authorization"] = f"Bearer {admin}"
    made = await watch.ask(program, "POST", "/auth/tokens", json={"name": "canary"}, hands_out=True)
    token = watch.secrets["a token"] = made.json()["token"]
    url = (await watch.ask(program, "POST", "/auth/login-address", hands_out=True)).json()["url"]
    watch.secrets["a login address"] = parse_qs(urlsplit(url).query)["auth_token"][0]
    for path in ("/auth/tokens", "/metrics", "/storage", "/auth/session"):
        await watch.ask(program, "GET", path)
    # Where a token does not belong: what is wrong with a request must not say it again.
    for more in (
        {"json": {"token": token, "nonsense": token}},
        {"json": {"token": [token]}},
        {"content": f'{{"token": "{token}'.encode(), "headers": {"Content-Type": "application/json"}},
        {"data": {"token": token, "next": f"//{token}"}},
        {"data": {"token": token}, "headers": {"Origin": f"https://{token}.example"}},
    ):
        await watch.ask(program, "POST", "/auth", **more)
    await watch.ask(program, "GET", url, headers={"Authorization": f"Basic {token}"}, hands_out=True)
    await watch.ask(program, "GET", "/runs", headers={"Authorization": f"Basic {token}"})
    await watch.ask(program, "GET", "/runs", headers={"Authorization": token})
    await watch.ask(program, "GET", f"/runs?token={token}")
    answer = await watch.ask(program, "POST", "/auth/revoke", json={"token": token})
    assert answer.json() == {"revoked": 1}
    answer = await watch.ask(program, "GET", "/runs", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def _logged(caplog: pytest.LogCaptureFixture) -> bytes:
    """What this process logged, but for the client with which this test asks."""
    ours = ("httpx", "httpcore")
    return "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith(ours)).encode()


def _on_disk(watch: Watch, folder: Path) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "admin-token"]
    assert {"log", "config.yaml"} <= {file.name for file in files}
    assert any(file.name.endswith("-wal") or ".db" in file.name or "sqlite" in file.name for file in files), files
    return [fault for file in files for fault in watch.found(str(file.relative_to(folder)), file.read_bytes())]
