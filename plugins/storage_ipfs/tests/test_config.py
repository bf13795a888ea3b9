"""Addresses of an IPFS node, and what is not told of it."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from artdagd_storage_ipfs import IpfsConfig, IpfsNode, artdag_storage_types


@pytest.mark.parametrize(
    ("api", "url", "socket"),
    [
        ("/dns/localhost/tcp/5001", "http://localhost:5001", ""),
        ("/dns4/ipfs/tcp/5001/http", "http://ipfs:5001", ""),
        ("/dns6/ipfs.example/tcp/443/https", "https://ipfs.example:443", ""),
        ("/dns/ipfs.example/tcp/443/tls/http", "https://ipfs.example:443", ""),
        ("/ip4/127.0.0.1/tcp/5001", "http://127.0.0.1:5001", ""),
        ("/ip6/::1/tcp/5001/", "http://[::1]:5001", ""),
        ("/unix/run/ipfs/api.sock", "http://ipfs", "/run/ipfs/api.sock"),
        ("http://localhost:5001/", "http://localhost:5001", ""),
        ("https://ipfs.example", "https://ipfs.example", ""),
    ],
)
def test_an_address_is_a_multiaddr_or_a_url(api: str, url: str, socket: str) -> None:
    place = IpfsConfig(api=api).place
    assert (place.url, place.socket) == (url, socket)


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "localhost:5001", "/dns/localhost", "/dns/localhost/udp/5001", "/dns/a b/tcp/5001", "ftp://x:1"),
        *("/dns/localhost/tcp/0", "/dns/localhost/tcp/65536", "/dns/localhost/tcp/5001/p2p/Qm", "/ip6/x/tcp/1"),
        *("http://user:hidden@host:5001", "ftp://user:hidden@host"),
        *("http://host:5001/path", "http://host:5001?x=1", "http://:5001", "http://h:x"),
    ],
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"api": wrong}, IpfsConfig)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"authorization": "Bearer \r\nX: y"}, {"pin_name": ""}, {"pin_name": "a b"}, {"x": 1}]
)
def test_a_config_that_can_not_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, IpfsConfig)


def test_secrets_are_marked_and_not_printed() -> None:
    (kind,) = artdag_storage_types()
    fields = msgspec.json.schema(kind.config)["$defs"]["IpfsConfig"]["properties"]
    assert {name for name in fields if fields[name].get("writeOnly")} == {"authorization"}
    config = IpfsConfig(authorization="Bearer hidden")
    assert "hidden" not in repr(config) + repr(IpfsNode(config))


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = "import sys, artdagd_storage_ipfs as s; s.IpfsNode(s.IpfsConfig()); print('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
