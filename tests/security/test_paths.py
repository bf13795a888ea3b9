"""Hostile paths in every place where a client's text goes (F6): nothing from outside is read, nothing is a 5xx."""

from __future__ import annotations

import asyncio
import re
import secrets
import urllib.parse
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodes import Person, running_node
from security.operations import FORM, Place, Sent, form, places
from security.paths import FOREIGN, HOSTS, corpus

from artdagd.api.uploads import clean
from artdagd.node import Node

STRIDE = 160
"""In the fast suite each place gets every 64th text, each another part of them, and an import every eighth."""

RECIPE = """\
name: r
inputs: {v: {type: video}}
steps: [{id: cut, type: SPEED, inputs: [v], config: {factor: 2}}]
output: cut
"""


@dataclass(frozen=True)
class Siege:
    """A node, and what must not leave it."""

    node: Node
    person: Person
    folder: Path
    strings: list[str]
    marks: tuple[bytes, ...]
    known: dict[str, str]
    document: dict[str, Any]

    async def send(self, sent: Sent, accept: str = "*/*") -> httpx.Response:
        """Send it as it is, and hold the answer against what every answer must keep to."""
        http = self.person.http
        request = http.build_request(sent.method, "/", content=sent.content, headers=sent.headers | {"Accept": accept})
        request.extensions["target"] = sent.target.encode()
        answer = await http.send(request)
        said = answer.content + "\n".join(f"{k}: {v}" for k, v in answer.headers.multi_items()).encode()
        assert answer.status_code < 500, (sent, answer.text)
        assert not [mark for mark in self.marks if mark in said], sent
        location = answer.headers.get("Location", "/")
        assert _here(location, self.node.url), (sent, location)
        return answer

    @property
    def places(self) -> list[Place]:
        return list(places(self.document, self.known))


@pytest.fixture(scope="module")
def canary() -> bytes:
    return secrets.token_hex(24).encode()


@pytest.fixture
async def siege(tmp_path: Path, canary: bytes) -> AsyncIterator[Siege]:
    outside, home, media = tmp_path / "canary", tmp_path / "home", tmp_path / "media"
    outside.write_bytes(canary)
    (media / "sub").mkdir(parents=True)
    (media / "inside").write_bytes(b"inside")
    async with running_node(home, workers=0, import_roots=(media,)) as (node, person):
        cid = await person.upload(media / "inside")
        run = await person.start(effect="blur", inputs=[cid])
        await person.http.post(f"/runs/{run['run_id']}/cancel")
        recipe = await person.http.post("/recipes/upload", content=RECIPE, headers={"Content-Type": "application/yaml"})
        known = {"": cid, "run_id": run["run_id"], "recipe_id": recipe.json()["recipe_id"]}
        marks = (canary, (home / "admin-token").read_bytes().strip(), *_of_the_system())
        document = (await person.http.get("/openapi.json")).json()
        yield Siege(node, person, tmp_path, corpus(outside, home), marks, known, document)


def _of_the_system() -> Iterable[bytes]:
    for file in ("/etc/passwd", "/proc/version", "/proc/self/cmdline"):
        if mark := Path(file).read_bytes()[:60].strip():
            yield mark


def files(folder: Path) -> set[Path]:
    """What lies in ``folder``, but for blobs, and what SQLite and workers keep beside the database."""
    ours = re.compile(r"home/(cache/blobs/\w\w(/baf\w+)?|artdagd\.sqlite-\w+|state/.*)$")
    return {path for path in folder.rglob("*") if not ours.match(str(path.relative_to(folder)))}


async def besiege(siege: Siege, stride: int) -> int:
    before, count = files(siege.folder), 0
    for number, place in enumerate(siege.places):
        imports = place.name == "POST /cache/import query path"
        for text in siege.strings[:: stride // 8 or 1] if imports else siege.strings[number % stride :: stride]:
            for sent in place.send(text):
                answer = await siege.send(sent, "text/html" if count % 3 == 0 else "application/json")
                assert not imports or answer.status_code in (400, 403, 404), (sent, answer.text)
                count += 1
    for text in siege.strings[::stride]:
        for root in ("/", "/static/"):
            await siege.send(Sent("GET", root + urllib.parse.quote(text, safe="")))
    assert (await siege.person.http.get("/healthz")).json()["status"] == "ok"
    assert files(siege.folder) == before
    return count


async def test_the_corpus_is_large_enough(siege: Siege):
    assert len(siege.strings) >= 300
    assert len(HOSTS) >= 80
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    told = [int(count) for count in re.findall(r"^\| F6 \| .* \| (\d+) \| 0 \|$", page, re.MULTILINE)]
    assert told[0] <= len(siege.strings)
    assert told[1] == len(HOSTS)


async def test_every_kind_of_place_is_found(siege: Siege):
    names = {place.name for place in siege.places}
    assert {
        "GET /cache/{cid}/raw path cid",
        "GET /media query q",
        "POST /cache/import query path",
        "POST /runs body .inputs.*",
        "POST /runs body .effect",
        "POST /cache/upload file name",
        "PATCH /cache/{cid}/meta body .tags[]",
    } <= names


async def test_hostile_paths_at_every_place(siege: Siege):
    assert await besiege(siege, STRIDE) > 800


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_all_hostile_paths_at_every_place(siege: Siege):
    assert await besiege(siege, 1) > 20_000


async def test_file_names_are_text(siege: Siege):
    await _named(siege, siege.strings[::8])


@pytest.mark.slow
async def test_all_file_names_are_text(siege: Siege):
    await _named(siege, siege.strings)


async def _named(siege: Siege, texts: list[str]) -> None:
    """Upload a file of each name: the name stays a text, and the bytes lie where those of any other name would."""
    before = files(siege.folder)
    for number, text in enumerate(texts):
        data = b"inside %d" % number
        answer = await siege.send(Sent("POST", "/cache/upload", form(text, data), FORM))
        if answer.status_code == 400:
            assert len(text) > 4000 or "\0" in text, (text, answer.text)
            continue
        name = answer.json()["filename"]
        assert name is None or (clean(name) == name and "/" not in name), text
        if text.isalnum() and len(text) < 200:
            assert name == text
        shown = await siege.send(Sent("GET", f"/cache/{answer.json()['cid']}/raw"))
        assert (shown.status_code, shown.content) == (200, data)
    assert files(siege.folder) == before


async def test_foreign_hosts(siege: Siege):
    """Whatever a node answers, it is no 5xx, and sends nobody to that host."""
    paths = [path for path in siege.document["paths"] if "get" in siege.document["paths"][path] and "{" not in path]
    for number, host in enumerate(HOSTS):
        for path in paths[number % 3 :: 3]:
            head = await _head(siege.node.url, path, _header(host))
            assert 200 <= int(head.split()[1]) < 500, (host, path, head)
            location = re.search(r"^location:\s*(.*?)\s*$", head, re.MULTILINE | re.IGNORECASE)
            assert not location or _here(location[1], siege.node.url), (host, path, head)
            assert FOREIGN not in head.lower(), (host, path, head)


async def _head(url: str, path: str, host: bytes) -> str:
    """The head of the answer to a request with this Host header."""
    address = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path.encode(), host))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1")


def _here(location: str, url: str) -> bool:
    return bool(re.match(r"/(?![/\\])", location)) or location.startswith(url + "/")


def _header(host: str) -> bytes:
    try:
        return host.encode("latin-1")
    except UnicodeEncodeError:
        return host.encode()
