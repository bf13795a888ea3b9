"""A server that stands before a real IPFS node, and answers something else than it now and then."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from artdagd.cid import cid_of_bytes
from tests.kubo import Kubo

Answer = tuple[int, bytes]
Lie = Callable[[str, Answer, random.Random], Answer]

TAKES = ("add", "block/put")
GIVES = ("cat", "block/get", "gateway")


def other_cid(command: str, answer: Answer, lot: random.Random) -> Answer:
    if command not in TAKES:
        return answer
    said = json.loads(answer[1])
    return 200, json.dumps(said | {"Hash": cid_of_bytes(lot.randbytes(9)), "Key": cid_of_bytes(b"")}).encode()


def nothing(command: str, answer: Answer, lot: random.Random) -> Answer:
    return (200, b"") if command in (*TAKES, *GIVES) else answer


def flipped(command: str, answer: Answer, lot: random.Random) -> Answer:
    if command not in GIVES or not answer[1]:
        return answer
    at = lot.randrange(len(answer[1]))
    return answer[0], answer[1][:at] + bytes([answer[1][at] ^ 1 << lot.randrange(8)]) + answer[1][at + 1 :]


def short(command: str, answer: Answer, lot: random.Random) -> Answer:
    return (answer[0], answer[1][: lot.randrange(len(answer[1]) + 1)]) if command in GIVES else answer


def long(command: str, answer: Answer, lot: random.Random) -> Answer:
    return (answer[0], answer[1] + lot.randbytes(lot.randrange(1, 9))) if command in GIVES else answer


def another_size(command: str, answer: Answer, lot: random.Random) -> Answer:
    if command not in ("files/stat", "block/stat") or answer[0] != 200:
        return answer
    return 200, json.dumps({"Size": lot.choice((0, 1, -1, 1 << 40, "x", None))}).encode()


def nonsense(command: str, answer: Answer, lot: random.Random) -> Answer:
    return 200, lot.choice((b"<html>welcome</html>", b"[]", b"null", b'{"a":', b'{"Keys":[]}\n{"Keys":{"x":1}}', b"{}"))


def errors(command: str, answer: Answer, lot: random.Random) -> Answer:
    return lot.choice((400, 403, 404, 429, 500, 503)), b'{"Message":"not found, or so","Code":0,"Type":"error"}'


def only_said(command: str, answer: Answer, lot: random.Random) -> Answer:
    """See :class:`Liar`: what should be stored or pinned is named, and no more."""
    return answer


LIES: tuple[Lie, ...] = (other_cid, nothing, flipped, short, long, another_size, nonsense, errors, only_said)


class Liar:
    """``lie`` is what it does to the answers of the real node; it does so to ``chance`` of them."""

    def __init__(self, ipfs: Kubo, http: aiohttp.ClientSession) -> None:
        self.lie: Lie | None = None
        self.lot = random.Random(0)
        self.chance = 1.0
        self.lied = 0
        self.url = ""
        self._ipfs = ipfs
        self._http = http

    async def answer(self, request: web.Request) -> web.Response:
        command = request.path.removeprefix("/api/v0/") if request.path.startswith("/api/") else "gateway"
        lying = self.lie if self.lot.random() < self.chance else None
        told = await self._truth(command, request, only_said if lying is only_said else None)
        if lying is not None:
            before, told = told, lying(command, told, self.lot)
            self.lied += told != before or lying is only_said
        return web.Response(status=told[0], body=told[1])

    async def _truth(self, command: str, request: web.Request, lie: Lie | None) -> Answer:
        query: list[tuple[str, Any]] = list(request.query.items())
        if lie is only_said and command == "pin/add":
            return 200, json.dumps({"Pins": [request.query["arg"]]}).encode()
        if lie is only_said and command == "add":
            query.append(("only-hash", "true"))
        base = self._ipfs.gateway if command == "gateway" else f"http://127.0.0.1:{self._ipfs.port}"
        headers = {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        if command == "gateway":
            headers["Accept"] = request.headers["Accept"]
        async with self._http.request(
            request.method, base + request.path, params=query, data=await request.read(), headers=headers
        ) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def liar(ipfs: Kubo) -> AsyncIterator[Liar]:
    """Runs on a free port of 127.0.0.1."""
    async with aiohttp.ClientSession(trust_env=False) as http:
        lying = Liar(ipfs, http)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{any:.*}", lying.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            lying.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield lying
        finally:
            await runner.cleanup()
