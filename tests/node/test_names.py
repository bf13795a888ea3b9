"""What a request may name, and how: CIDs in any spelling, plans that are plans, titles that are titles."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from nodes import Person, running_node

from artdagd.cid import CID

pytestmark = [pytest.mark.database, pytest.mark.asyncio(loop_scope="module")]

BIG = 3 << 20
"""Bytes of a file that has several chunks, and so a name of version 0."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Person]:
    """Of a node without workers."""
    async with running_node(tmp_path_factory.mktemp("names") / "home", workers=0) as (_, person):
        yield person


@pytest_asyncio.fixture(loop_scope="module")
async def kept(person: Person, tmp_path: Path) -> tuple[httpx.AsyncClient, str]:
    """A client, and the CID of a file that is on the node."""
    file = tmp_path / "file"
    file.write_bytes(os.urandom(BIG))
    return person.http, await person.upload(file)


def spellings(cid: str) -> list[str]:
    parsed = CID.parse(cid)
    return ["f" + bytes(parsed).hex(), str(CID(0, parsed.codec, parsed.digest))]


async def test_a_blob_is_found_by_every_spelling_of_its_name(kept: tuple[httpx.AsyncClient, str]):
    http, cid = kept
    for other in spellings(cid):
        assert (await http.get(f"/cache/{other}")).json()["cid"] == cid
        raw = await http.get(f"/cache/{other}/raw", headers={"Range": "bytes=0-0"})
        assert (raw.status_code, raw.headers["ETag"]) == (206, f'"{cid}"')
        assert (await http.patch(f"/cache/{other}/meta", json={"title": other})).json()["title"] == other


async def test_an_input_in_use_is_kept_whatever_its_spelling(kept: tuple[httpx.AsyncClient, str]):
    http, cid = kept
    other = spellings(cid)[1]
    run = (await http.post("/runs", json={"effect": "blur", "inputs": [other]})).json()
    assert run["inputs"] == {"input": cid}
    for name in (cid, other):
        assert (await http.delete(f"/cache/{name}")).status_code == 409


async def test_a_film_is_not_read_as_a_plan(kept: tuple[httpx.AsyncClient, str], monkeypatch: pytest.MonkeyPatch):
    http, cid = kept

    def refuse(path: Path) -> bytes:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    answer = await http.post("/api/execute", json={"plan_id": cid})
    assert answer.status_code == 400
    assert "names no plan" in answer.json()["detail"]


async def test_config_does_not_exchange_the_effect(kept: tuple[httpx.AsyncClient, str]):
    http, cid = kept
    answer = await http.post("/runs", json={"effect": "blur", "inputs": [cid], "config": {"effect": "invert"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == "config.effect"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "t" * 301),
        ("title", "a\0b"),
        ("description", "d" * 20_001),
        ("description", "\0"),
        ("tags", ["t"] * 101),
        ("tags", ["t" * 101]),
        ("tags", [""]),
    ],
)
async def test_descriptions_are_bounded(kept: tuple[httpx.AsyncClient, str], field: str, value: Any):
    http, cid = kept
    answer = await http.patch(f"/cache/{cid}/meta", json={field: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["loc"].startswith(field)
