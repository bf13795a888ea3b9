"""F8: what users store never runs as a page: every answer's headers, and a browser that opens them all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from browsers import chromium
from nodes import Person, running_node
from playwright.async_api import BrowserContext, Error, Page, Route
from werkzeug.http import parse_options_header

from artdagd.api.files import INLINE
from tests.security.canaries import Canary, canary
from tests.security.scripts import SAID, File, files, texts
from tests.security.together import together

DOWNLOADS = {
    "application/octet-stream", "text/plain", "application/json", "application/yaml", "text/csv", "video/x-msvideo",
    "video/quicktime", "video/x-matroska",
}  # fmt: skip
"""Types of what is no medium that browsers show: always attachments."""

PAGES = (
    "/", "/docs", "/media", "/recipes", "/runs", "/storage", "/workers", "/nodes", "/plugins",
    "/cache/{cid}", "/recipe/{recipe_id}", "/recipes/{recipe_id}", "/run/{run_id}", "/runs/{run_id}",
    "/run/{run_id}/plan", "/run/{run_id}/analysis", "/run/{run_id}/artifacts",
    "/media?q=%3Cscript%3E{say}%3C/script%3E", "/runs?recipe=%3Cscript%3E{say}%3C/script%3E",
    "/media?kind=%22%3E%3Cscript%3E{say}%3C/script%3E", "/recipe/%3Cscript%3E{say}%3C%2Fscript%3E",
    "/cache/%3Cscript%3E{say}%3C%2Fscript%3E", "/run/%3Cscript%3E{say}%3C%2Fscript%3E",
    "/%3Cscript%3E{say}%3C%2Fscript%3E", "/docs?%3Cscript%3E{say}%3C/script%3E", "/storage/type/%3Cscript%3E{say}",
)  # fmt: skip
"""What a browser opens: all pages that there are or will be; where there is none yet, JSON comes or a problem."""

RECIPE = "inputs: {}\nsteps: [{id: out, type: GENERATE, config: {duration: 0.2, width: 32, height: 32}}]\noutput: out\n"


@dataclass
class Stored:
    """A node on which everything hostile was stored."""

    http: httpx.AsyncClient
    watched: Canary
    uploads: list[tuple[File, str]] = field(default_factory=list)
    recipes: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


@asynccontextmanager
async def hostile_node(folder: Path) -> AsyncIterator[Stored]:
    with canary(folder / "canary-folder") as watched:
        async with running_node(folder / "home", workers=0) as (_, person):
            stored = Stored(person.http, watched)
            await store(stored, person)
            yield stored
            assert watched.touched() == []


async def store(stored: Stored, person: Person) -> None:
    words = texts(stored.watched.address)
    stored.uploads += await together(kept(stored, *each) for each in enumerate(files(stored.watched.address)))
    stored.recipes += filter(None, await together(spoken(stored, *each) for each in enumerate(words)))
    for recipe_id in stored.recipes[:3]:
        stored.runs.append((await person.start(recipe=recipe_id))["run_id"])


async def kept(stored: Stored, index: int, file: File) -> tuple[File, str]:
    """An upload and its CID. No two are alike, so that each keeps its own name."""
    data = file.data + f"<!-- {index} -->".encode() if file.data else b""
    answer = await upload(stored.http, file, data)
    assert answer.status_code == 201, (file.filename, answer.text)
    assert not {"set-cookie", "x-injected"} & set(answer.headers)
    return file, answer.json()["cid"]


async def spoken(stored: Stored, index: int, text: str) -> str | None:
    """A recipe that says ``text``, if one may; a blob says it too."""
    _, cid = stored.uploads[index % len(stored.uploads)]
    changes = {"title": text[:300], "description": text, "tags": [text[:100], "b"], "metadata": {text: [text]}}
    answer = await stored.http.patch(f"/cache/{cid}/meta", json=changes)
    assert answer.status_code == 200, (text, answer.text)
    assert answer.json()["title"] == text[:300]
    said = {"name": text.replace("/", "|").strip()[:120], "version": text, "description": text}
    recipe = "".join(f"{key}: {json.dumps(value)}\n" for key, value in said.items()) + RECIPE
    answer = await stored.http.post("/recipes/upload", content=recipe)
    if answer.status_code == 422:  # a character that no recipe may have, or a name of two lines
        assert all(error["line"] for error in answer.json()["errors"])
        return None
    assert answer.status_code == 201, (text, answer.text)
    return str(answer.json()["recipe_id"])


async def upload(http: httpx.AsyncClient, file: File, data: bytes) -> httpx.Response:
    """By hand: a client would make the name and the type harmless."""
    name = file.filename.replace("\\", "\\\\").replace('"', '\\"').encode()
    kind = file.media_type.encode()
    about = b'Content-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: %s' % (name, kind)
    body = b"--b\r\n%s\r\n\r\n%s\r\n--b--\r\n" % (about, data)
    return await http.post("/cache/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})


def faults(answer: httpx.Response, data: bytes) -> list[str]:
    """What is wrong with the headers of an answer that holds a user's bytes."""
    headers, found = answer.headers, []
    kind, disposition = headers.get("content-type", ""), headers.get("content-disposition", "")
    word, options = parse_options_header(disposition)
    if kind not in INLINE | DOWNLOADS:
        found.append(f"type {kind}")
    if word != "attachment" and kind not in INLINE:
        found.append(f"{word} {kind}")
    if word not in ("attachment", "inline") or not options.get("filename"):
        found.append(disposition)
    if any(letter in options.get("filename", "") for letter in "/\\\r\n\t\u202e\u2028\x85"):
        found.append(f"a file name of {options['filename']!r}")
    if kind in INLINE and data[:1] in b"<%\0 " and not (data[4:8] == b"ftyp" or data[8:12] in (b"WEBP", b"WAVE")):
        found.append(f"{kind} for {data[:20]!r}")
    expected = {
        "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin", "content-security-policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    found += [f"{name}: {headers.get(name)}" for name, value in expected.items() if headers.get(name) != value]
    found += [f"{name}: {headers[name]}" for name in ("set-cookie", "x-injected", "link", "refresh") if name in headers]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stored(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stored]:
    async with hostile_node(tmp_path_factory.mktemp("stored")) as made:
        yield made


WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"}), ("GET", {"Range": "bytes=9999999-"}),
)  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_headers_of_every_answer_with_a_users_bytes(stored: Stored, docs_operations: str):
    count = len(stored.uploads) + len(texts(stored.watched.address))
    assert count >= 120
    assert f"| {count} |" in docs_operations
    for index, (file, cid) in enumerate(stored.uploads):
        for method, extra in (WAYS[0], WAYS[1 + index % 3]):
            answer = await stored.http.request(method, f"/cache/{cid}/raw", headers=extra)
            assert answer.status_code in (200, 206, 416), answer.text
            assert faults(answer, file.data) == [], (file.filename, file.media_type, method, extra)


@pytest.mark.asyncio(loop_scope="module")
async def test_headers_of_every_page(stored: Stored):
    """A page has a policy that runs no script of its text; all else is JSON."""
    for path in addresses(stored):
        for accept in ("text/html", "*/*"):
            answer = await stored.http.get(path, headers={"Accept": accept})
            assert answer.status_code < 500, (path, answer.text)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'"), (path, policy)
            assert "unsafe" not in policy, (path, policy)
            assert "*" not in policy, (path, policy)
            assert answer.headers["x-content-type-options"] == "nosniff"
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in ("text/html", "application/json", "application/problem+json"), (path, kind)
            if kind == "text/html":
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                for text in texts(stored.watched.address):
                    assert "<" not in text or text not in answer.text, (path, text)


def addresses(stored: Stored) -> list[str]:
    names = {
        "cid": stored.uploads[0][1], "recipe_id": stored.recipes[0], "run_id": stored.runs[0],
        "say": f"console.log({SAID})",
    }  # fmt: skip
    return [page.format_map(names) for page in PAGES]


class Watcher:
    """A browser's page whose scripts, dialogs and calls elsewhere are noted."""

    def __init__(self, page: Page, node: str) -> None:
        self.page = page
        self.noted: list[str] = []
        self._node = node
        page.on(
            "console", lambda said: self._note(f"console: {said.text}", SAID in said.text and "CSP" not in said.text)
        )
        page.on("request", lambda asked: self._note(f"a call: {asked.url}", self._foreign(asked.url)))
        page.on("pageerror", lambda error: self._note(f"a script ran: {error}", True))
        page.on("dialog", self._dismiss)

    def _foreign(self, url: str) -> bool:
        return url.startswith(("http", "ws")) and not url.startswith(self._node)

    def _note(self, what: str, wrong: bool) -> None:
        # The browser says on the console what it refused, and repeats it.
        if wrong and "Content Security Policy" not in what:
            self.noted.append(f"{self.page.url}: {what}"[:300])

    async def _dismiss(self, dialog: Any) -> None:
        self._note(f"dialog: {dialog.message}", True)
        await dialog.dismiss()

    async def open(self, path: str, until: Literal["load", "commit"] = "load") -> None:
        """Returns when the page is loaded, or is a download."""
        try:
            await self.page.goto(self._node + path, wait_until=until, timeout=20_000)
        except Error as error:
            if "Download is starting" not in error.message and "ERR_ABORTED" not in error.message:
                raise


@asynccontextmanager
async def browsing(http: httpx.AsyncClient) -> AsyncIterator[tuple[BrowserContext, Watcher]]:
    """A headless Chromium that is signed in by its headers."""
    node = str(http.base_url).rstrip("/")
    async with chromium() as browser:
        token = {"Authorization": http.headers["Authorization"]}
        context = await browser.new_context(extra_http_headers=token, accept_downloads=False)
        yield context, Watcher(await context.new_page(), node)


EMBEDDED = """\
<!doctype html><body>{parts}<script>
let open = 0
for (const url of {urls}) {{
  for (const type of ["", "module"]) {{
    const script = document.createElement("script")
    open++
    script.onload = script.onerror = () => {{ if (!--open) document.title = "done" }}
    script.src = url
    script.type = type
    document.body.append(script)
  }}
  navigator.serviceWorker.register(url).catch(() => 0)
  try {{ new Worker(url).onmessage = () => console.log({said}) }} catch {{}}
}}
</script>"""
BATCH = 25


def embedding(cids: list[str]) -> str:
    """A page of the node's own origin, as an injection would make it, which tries to run every upload."""
    urls = [f"/cache/{cid}/raw" for cid in cids]
    parts = "".join(
        f'<iframe src="{url}"></iframe><object data="{url}"></object><embed src="{url}"><img src="{url}">'
        f'<link rel=stylesheet href="{url}">'
        for url in urls
    )
    return EMBEDDED.format(parts=parts, urls=json.dumps(urls), said=SAID)


@pytest.mark.slow
@pytest.mark.parametrize("skipped", [96, 1])
@pytest.mark.timeout(600)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_script_runs_in_a_browser(stored: Stored, skipped: int):
    """Every page, every list, and every file opened; and every file as a script, worker, frame, object and image."""
    async with browsing(stored.http) as (context, watcher):
        for path in addresses(stored):
            await watcher.open(path)
        for kind, names in (("cache", [cid for _, cid in stored.uploads]), ("recipe", stored.recipes)):
            for name in names[::skipped]:
                await watcher.open(f"/{kind}/{name}")
        for _, cid in stored.uploads[::skipped]:
            await watcher.open(f"/cache/{cid}/raw")
        for number in range(1, 1 + len(stored.uploads) // 100 + 1):
            await watcher.open(f"/media?limit=100&page={number}")
            await watcher.open(f"/recipes?limit=100&page={number}")
        assert watcher.noted == []
        cids = [cid for _, cid in stored.uploads][::skipped]
        for start in range(0, len(cids), BATCH):
            attack = partial(Route.fulfill, body=embedding(cids[start : start + BATCH]), content_type="text/html")
            await context.route("**/attack", attack)
            await watcher.open("/attack", "commit")
            await watcher.page.wait_for_function("document.title == 'done'")
            await context.unroute("**/attack")
        assert watcher.noted == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_browser_would_tell(stored: Stored, tmp_path: Path):
    """A page without protection runs what is in it."""
    with canary(tmp_path / "folder") as watched:
        async with browsing(stored.http) as (context, watcher):
            for text, said in (
                (f"<script>console.log({SAID})</script>", "console"),
                (f"<svg onload=alert({SAID})>", "dialog"),
                ("<script>undefined_function()</script>", "a script ran"),
                (f"<img src=http://{watched.address}/a.png>", "a call"),
            ):
                bare = partial(Route.fulfill, body=text, content_type="text/html")
                await context.route("**/bare", bare)
                await watcher.open("/bare")
                assert any(said in note for note in watcher.noted), said
                watcher.noted.clear()
                await context.unroute("**/bare")
        assert watched.touched()
