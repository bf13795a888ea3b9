"""F4: recipes that are bombs are refused in words, at once, and cost the node nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemons import daemon

from tests.security.bombs import HARMLESS, TEXTS, Text

MOST_SECONDS = 1.0
"""Processor time of the daemon for one request."""

MOST_GROWTH = 50 << 10
"""KiB that the daemon may grow by over the whole corpus, at its peak."""

YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}
INVISIBLE = "\0\x07\x1b\x85\u2028\u2066\u202e\ufeff"


def raw(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else text


def in_json(text: Text) -> bytes:
    """A text that JSON cannot hold stands in it as it is."""
    if isinstance(text, str):
        return json.dumps({"recipe_yaml": text}).encode()
    return b'{"recipe_yaml": "' + text.replace(b"\n", b"\\n").replace(b'"', b'\\"') + b'"}'


ROUTES: dict[str, tuple[dict[str, str], Callable[[Text], bytes]]] = {
    "/recipes/upload": (YAML, raw),
    "/recipes/check": (YAML, raw),
    "/api/plan": (JSON, in_json),
    "/api/run-recipe": (JSON, in_json),
}


def processor(pid: int) -> float:
    """Seconds of processor time that a process has had (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> int:
    """The most memory that it has had, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def complaint(answer: httpx.Response) -> str | None:
    """What is wrong with the answer to a bomb."""
    refused = answer.status_code == 200 if answer.request.url.path == "/recipes/check" else answer.status_code == 422
    if answer.status_code in (400, 413) or refused:
        body: dict[str, Any] = answer.json()
        if refused and not body.get("errors"):
            return f"{answer.status_code} without errors: {answer.text[:200]}"
        if refused and not all(one.get("line") and one.get("column") for one in body["errors"]):
            return f"no place: {body['errors'][:2]}"
        if any(letter in json.dumps(body, ensure_ascii=False) for letter in INVISIBLE):
            return "it repeats invisible characters"
        if max(len(one["msg"]) for one in body.get("errors", [{"msg": ""}])) > 400 or len(answer.content) > 100_000:
            return f"a long answer: {len(answer.content)} bytes"
        return None
    return f"{answer.status_code} {answer.text[:200]}"


@pytest.mark.parametrize("skipped", [4, pytest.param(1, marks=pytest.mark.slow)])
async def test_bombs_are_refused_at_once_in_words(tmp_path: Path, docs_operations: str, skipped: int):
    """Every text at every route that takes one; in the fast suite at one of them."""
    assert len(TEXTS) >= 60
    assert f"| {len(ROUTES)} × {len(TEXTS)} |" in docs_operations
    found = []
    async with daemon(tmp_path / "home") as (process, http):
        assert (await http.post("/recipes/check", content=HARMLESS["a BOM"], headers=YAML)).json()["valid"]
        before = peak(process.pid)
        for index, (name, text) in enumerate(TEXTS.items()):
            for path, (headers, body) in list(ROUTES.items())[index % skipped :: skipped]:
                began = processor(process.pid)
                answer = await http.post(path, content=body(text), headers=headers)
                took = processor(process.pid) - began
                if said := complaint(answer):
                    found.append(f"{name} at {path}: {said}")
                if took > MOST_SECONDS:
                    found.append(f"{name} at {path}: {took:.1f} s")
        grown = peak(process.pid) - before
        assert found == []
        assert grown < MOST_GROWTH, f"{grown} KiB"
        assert (await http.get("/recipes")).json()["total"] == 0
        assert (await http.get("/runs")).json()["total"] == 0


async def test_odd_and_large_recipes_are_kept_and_listed_at_once(tmp_path: Path):
    """None of them runs, for want of an input."""
    async with daemon(tmp_path / "home") as (process, http):
        before = peak(process.pid)
        for name, text in HARMLESS.items():
            began = processor(process.pid)
            answer = await http.post("/recipes/upload", content=raw(text), headers=YAML)
            assert answer.status_code == 201, (name, answer.text)
            planned = await http.post("/api/plan", content=in_json(text), headers=JSON)
            assert planned.status_code == 422, (name, planned.text)
            assert [error["loc"] for error in planned.json()["errors"]] == ["inputs.clip"]
            assert processor(process.pid) - began < 2 * MOST_SECONDS, name
        # A list of the largest there are.
        for number in range(3):
            text = raw(HARMLESS["as long as may be"])[:-2] + f"{number:02}".encode()
            assert (await http.post("/recipes/upload", content=text, headers=YAML)).status_code == 201
        began = processor(process.pid)
        listed = (await http.get("/recipes?limit=100")).json()
        assert listed["total"] == len(HARMLESS) + 3
        assert processor(process.pid) - began < MOST_SECONDS
        assert max(len(item["yaml"]) for item in listed["items"]) <= 64 << 10
        assert peak(process.pid) - before < MOST_GROWTH
        assert len((await http.get(f"/recipes/{listed['items'][0]['recipe_id']}")).json()["yaml"]) == 1 << 20
