"""The client that a node hands out: a download, cached by its ETag, that holds an address and never a foreign text."""

from __future__ import annotations

import ast

import httpx
import pytest

from artdagd.api.app import create_app
from artdagd.api.downloads import client_for
from artdagd.api.server import Listener


def node_of(source: bytes) -> str:
    """The address in a client's source, which has to be one assignment of one literal."""
    values = [
        statement.value
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "NODE"
    ]
    (literal,) = values
    assert isinstance(literal, ast.Constant)
    return str(literal.value)


async def test_it_is_a_download_that_knows_its_node(address):
    async with httpx.AsyncClient(base_url=address, trust_env=False) as stranger:
        answer = await stranger.get("/download/client")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="artdag.py"'
        assert node_of(answer.content) == address
        again = await stranger.get("/download/client", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await stranger.get("/download/client", headers={"If-None-Match": '"another"'})
        assert other.content == answer.content


async def test_the_public_address_goes_before_the_requests(backing):
    listener = Listener(create_app(backing.services(public_url="https://l1.example/art/")), "127.0.0.1", 0)
    address = await listener.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert node_of((await stranger.get(f"{address}/download/client")).content) == "https://l1.example/art"
    finally:
        await listener.close()


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8100/", "https://l1.example", "http://[::1]:8100/", "https://L1.example/a/b_c~d", "http://a_b"],
)
def test_addresses_that_go_in(address: str):
    assert node_of(client_for(address)) == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    [
        "",
        'http://a"\nimport os\n"',
        "http://a\\",
        "http://a'b",
        "http://a\nNODE = 1",
        "http://a\r\n",
        "http://a\n",
        "http://user:secret@a",
        "http://a?x=1",
        "http://a#b",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://a b",
        "http://ä.example",
        "http://a/{x}",
        "http://",
        "http://a:123456",
    ],
)
def test_what_is_no_plain_address_is_left_out(address: str):
    assert node_of(client_for(address)) == ""


@pytest.mark.parametrize("host", ['a"; import os #', "a'b", "a\\", "user@a", "ä"])
async def test_a_host_that_is_a_text_is_left_out(address, host: str):
    async with httpx.AsyncClient(base_url=address, trust_env=False) as stranger:
        answer = await stranger.get("/download/client", headers={"Host": host.encode()})
    if answer.status_code == 200:
        assert node_of(answer.content) == ""
