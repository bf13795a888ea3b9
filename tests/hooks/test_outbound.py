"""The one client for other servers: what it sends, whom it trusts, where it connects, and when it gives up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest
from remotes import OK, Authority, Canary, remote

from artdagd.hooks import Outbound, OutboundFailed, OutboundRefused
from artdagd.hooks.exchange import MOST_ADDRESSES
from artdagd.hooks.outbound import AT_ONCE, RESOLVERS

HERE = ["127.0.0.1"]


class Names:
    """A resolver that knows a few names. Each list of answers is given once, the last one for ever."""

    def __init__(self, **known: list[list[str]]) -> None:
        self.known = {name.replace("_", "."): answers for name, answers in known.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answers = self.known[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(private=HERE)
    yield client
    await client.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    bird = Canary()
    yield bird
    bird.close()


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Public addresses that are ports of loopback here; nothing leaves the machine. Others are silent."""
    ports: dict[str, int] = {}
    real = httpcore.AnyIOBackend.connect_tcp

    async def connect(self: httpcore.AnyIOBackend, host: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        if host in ports:
            return await real(self, "127.0.0.1", ports[host])
        await asyncio.sleep(options["timeout"])
        raise httpcore.ConnectTimeout

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return ports


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_request_and_its_answer(outbound: Outbound):
    answer = b"HTTP/1.1 201 Made\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n\r\n\x00\xff!!"
    async with remote(answer) as server:
        url = f"http://127.0.0.1:{server.port}/inbox?page=1"
        got = await outbound.request("POST", url + "#part", headers={"X-Signature": "s=1"}, body=b"{}")
    assert (got.status, got.headers["x-a"], got.body, got.url) == (201, "1, 2", b"\x00\xff!!", url)
    line, *sent = server.heads[0].decode().split("\r\n")
    assert line == "POST /inbox?page=1 HTTP/1.1"
    assert {name.lower(): value for name, _, value in (one.partition(": ") for one in sent if one)} == {
        "host": f"127.0.0.1:{server.port}",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": "2",
        "x-signature": "s=1",
        "user-agent": "artdagd/0.1.0",
    }


async def test_a_body_arrives_whole(outbound: Outbound):
    got: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        got.append(await reader.readexactly(3_000_000))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + got[0])

    body = bytes(range(250)) * 12_000
    async with remote(script) as server:
        url = f"http://127.0.0.1:{server.port}/"
        answer = await outbound.request("PUT", url, body=body, limit=3_000_000)
    assert got[0] == answer.body == body


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"X-A": "1\r\nX-B: 2"}, "X-A"),
        ({"X-A": "\x00"}, "X-A"),
        ({"X-A": "ü"}, "X-A"),
        ({"X A": "1"}, "X A"),
        ({"": "1"}, "''"),
        ({"Host": "other.example"}, "Host"),
        ({"Content-Length": "0"}, "Content-Length"),
        ([("Transfer-Encoding", "chunked")], "Transfer-Encoding"),
        ({"Accept-Encoding": "gzip"}, "Accept-Encoding"),
    ],
)
async def test_headers_that_can_not_be_sent(outbound: Outbound, canary: Canary, headers: Any, named: str):
    with pytest.raises(ValueError, match=named):
        await outbound.request("GET", f"http://127.0.0.1:{canary.port}/", headers=headers)
    assert canary.hits == 0


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\n", ""])
async def test_methods_that_can_not_be_sent(outbound: Outbound, canary: Canary, method: str):
    with pytest.raises(ValueError, match="methods"):
        await outbound.request(method, f"http://127.0.0.1:{canary.port}/")
    assert canary.hits == 0


async def test_the_signed_host_may_be_given(outbound: Outbound):
    async with remote(OK) as server:
        host = f"127.0.0.1:{server.port}"
        await outbound.request("GET", f"http://{host}/", headers={"Host": host, "User-Agent": "mine"})
    assert server.heads[0].lower().count(b"host:") == 1
    assert b"user-agent: mine" in server.heads[0].lower()


async def test_redirects_cookies_and_the_environment_are_left_alone(
    outbound: Outbound, canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{canary.port}")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    hop = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{canary.port}/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n"
    async with remote(hop.encode() + b"\r\n") as server:
        for _ in range(2):
            answer = await outbound.request("GET", f"http://127.0.0.1:{server.port}/")
            assert (answer.status, answer.headers["location"]) == (302, f"http://127.0.0.1:{canary.port}/")
    assert len(server.heads) == 2
    assert not any(b"cookie" in head.lower() or b"authorization" in head.lower() for head in server.heads)
    assert canary.hits == 0


async def test_a_name_is_resolved_once_and_the_answer_that_was_checked_is_called(
    internet: dict[str, int], canary: Canary, tmp_path: Path
):
    authority = Authority(tmp_path)
    names = Names(rebinds_example=[["93.184.215.14"], ["127.0.0.1"]])
    ports = (443, canary.port)
    client = Outbound(ports=ports, resolve=names, trust=authority.trust)
    async with remote(OK, tls=authority.server("rebinds.example")) as server:
        internet["93.184.215.14"] = server.port
        answer = await client.request("GET", f"https://rebinds.example:{canary.port}/")
        assert (answer.status, names.asked) == (200, ["rebinds.example"])
        assert b"host: rebinds.example:" in server.heads[0]
        with pytest.raises(OutboundRefused, match="not of the public internet"):
            await client.request("GET", f"https://rebinds.example:{canary.port}/")
    assert len(server.heads) == 1
    assert canary.hits == 0
    await client.close()


async def test_an_address_that_is_silent_leaves_time_for_the_next(internet: dict[str, int], tmp_path: Path):
    authority = Authority(tmp_path)
    names = Names(two_example=[["2606:2800:21f::1", "93.184.215.14"]])
    client = Outbound(resolve=names, trust=authority.trust)
    async with remote(OK, tls=authority.server("two.example")) as server:
        internet["93.184.215.14"] = server.port
        assert (await client.request("GET", "https://two.example/", seconds=0.8)).body == b"ok"
    await client.close()


async def test_a_name_with_many_addresses_makes_no_scan(monkeypatch: pytest.MonkeyPatch):
    called: list[str] = []

    async def connect(self: httpcore.AnyIOBackend, host: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:
        called.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    client = Outbound(resolve=Names(many_example=[[f"93.184.215.{n}" for n in range(200)]]))
    with pytest.raises(OutboundFailed, match="no connection"):
        await client.request("GET", "https://many.example/")
    assert len(called) == MOST_ADDRESSES
    await client.close()


async def test_the_certificate_is_checked_against_the_name(tmp_path: Path):
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    shown: list[str | None] = []
    cases = [
        (authority.server("l2.right.example"), "l2.right.example", None),
        (authority.server("l2.wrong.example"), "l2.right.example", "Hostname mismatch"),
        (authority.server("*.right.example"), "l2.right.example", None),
        (authority.server("127.0.0.1"), "l2.right.example", "Hostname mismatch"),
        (authority.server("127.0.0.1"), "127.0.0.1", None),
        (authority.server("l2.right.example"), "127.0.0.1", "IP address mismatch"),
        (authority.server("l2.right.example", days=-1), "l2.right.example", "expired"),
        (other.server("l2.right.example"), "l2.right.example", "signature failure"),
    ]
    names = Names(l2_right_example=[HERE])
    client = Outbound(private=["l2.right.example", *HERE], trust=authority.trust, resolve=names)
    for tls, host, fault in cases:
        tls.sni_callback = lambda _, name, __: shown.append(name)
        async with remote(OK, tls=tls) as server:
            url = f"https://{host}:{server.port}/"
            if fault is None:
                assert (await client.request("GET", url)).body == b"ok"
            else:
                with pytest.raises(OutboundFailed, match=f"certificate can't be trusted: .*({fault})"):
                    await client.request("GET", url)
                assert server.heads == []
    assert shown == ["l2.right.example"] * 4 + [None, None] + ["l2.right.example"] * 2
    await client.close()


async def test_without_trust_of_its_own_a_test_authority_is_not_trusted(tmp_path: Path):
    client = Outbound(private=HERE)
    async with remote(OK, tls=Authority(tmp_path).server("127.0.0.1")) as server:
        with pytest.raises(OutboundFailed, match="certificate can't be trusted"):
            await client.request("GET", f"https://127.0.0.1:{server.port}/")
    await client.close()


async def test_an_authority_of_the_operator_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    client = Outbound(private=HERE)
    async with remote(OK, tls=authority.server("127.0.0.1")) as server:
        assert (await client.request("GET", f"https://127.0.0.1:{server.port}/")).body == b"ok"
    await client.close()


async def test_old_tls_is_not_spoken(tmp_path: Path):
    authority = Authority(tmp_path)
    tls = authority.server("127.0.0.1")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    client = Outbound(private=HERE, trust=authority.trust)
    async with remote(OK, tls=tls) as server:
        with pytest.raises(OutboundFailed, match="no connection"):
            await client.request("GET", f"https://127.0.0.1:{server.port}/")
    await client.close()


@pytest.mark.parametrize(
    ("private", "url", "allowed"),
    [
        (["127.0.0.1"], "http://127.0.0.1:{port}/", True),
        (["127.0.0.0/8"], "http://127.0.0.1:{port}/", True),
        (["127.0.0.1:{port}"], "http://127.0.0.1:{port}/", True),
        (["127.0.0.1:1"], "http://127.0.0.1:{port}/", False),
        (["10.0.0.0/8"], "http://127.0.0.1:{port}/", False),
        (["::1"], "http://127.0.0.1:{port}/", False),
        (["::/0"], "http://127.0.0.1:{port}/", False),
        (["kubo.lan"], "http://kubo.lan:{port}/", True),
        (["KUBO.lan:{port}"], "http://Kubo.LAN:{port}/", True),
        (["kubo.lan:1"], "http://kubo.lan:{port}/", False),
        (["lan"], "http://kubo.lan:{port}/", False),
        (["kubo.lan.example"], "http://kubo.lan:{port}/", False),
        # The address is allowed, not the name: it keeps to https and port 443.
        (["127.0.0.1"], "http://kubo.lan:{port}/", False),
        (["127.0.0.1"], "https://kubo.lan:{port}/", False),
        (["kubo.lan"], "http://127.0.0.1:{port}/", False),
        (["127.0.0.1"], "http://[::ffff:127.0.0.1]:{port}/", False),
    ],
)
async def test_what_the_operator_lists(private: list[str], url: str, allowed: bool):
    async with remote(OK) as server:
        listed = [entry.format(port=server.port) for entry in private]
        client = Outbound(private=listed, resolve=Names(kubo_lan=[HERE]))
        if allowed:
            assert (await client.request("GET", url.format(port=server.port))).body == b"ok"
        else:
            with pytest.raises(OutboundRefused, match=r"list [\w.:\[\]]+ in the setting outbound_private"):
                await client.request("GET", url.format(port=server.port))
    assert len(server.heads) == allowed
    await client.close()


async def test_a_name_that_is_not_listed_may_have_a_listed_address(tmp_path: Path):
    authority = Authority(tmp_path)
    async with remote(OK, tls=authority.server("kubo.lan")) as server:
        options: dict[str, Any] = {"ports": [server.port], "trust": authority.trust}
        client = Outbound(private=[f"127.0.0.1:{server.port}"], resolve=Names(kubo_lan=[HERE]), **options)
        assert (await client.request("GET", f"https://kubo.lan:{server.port}/")).body == b"ok"
        await client.close()
        client = Outbound(private=HERE, resolve=Names(kubo_lan=[["127.0.0.1", "10.0.0.1"]]), **options)
        with pytest.raises(OutboundRefused):
            await client.request("GET", f"https://kubo.lan:{server.port}/")
        await client.close()


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "http://kubo.lan",
        "kubo.lan/path",
        "*.lan",
        "10.0.0.1/8",
        "10.0.0",
        "a:b",
        "a:0",
        "a:70000",
        "[::1",
        "a b",
        "-",
    ],
)
def test_an_entry_that_can_not_be_read_is_named(entry: str):
    with pytest.raises(ValueError, match="HOST:PORT") as error:
        Outbound(private=[entry])
    assert repr(entry) in str(error.value)


async def test_a_name_without_an_address(outbound: Outbound):
    client = Outbound(resolve=Names(empty_example=[[]], odd_example=[["no address"]]))
    for name in ("unknown.example", "empty.example", "odd.example"):
        with pytest.raises(OutboundFailed, match=f"^{name} has no address"):
            await client.request("GET", f"https://{name}/")
    await client.close()


async def test_slow_names_hold_up_no_one_else(outbound: Outbound):
    ended, started = threading.Event(), threading.Semaphore(0)

    def resolve(host: str, port: int) -> list[str]:
        started.release()
        ended.wait(20)
        return HERE

    client = Outbound(resolve=resolve)
    begun = time.monotonic()
    asked = [client.request("GET", f"https://{n}.example/", seconds=0.2) for n in range(AT_ONCE + 4)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(result).partition("example ")[2] for result in results} == {"did not answer in full within 0.2 s"}
    assert time.monotonic() - begun < 15, "they waited for the resolvers"
    # The node's other threads are free, though every resolver is stuck.
    assert all([await asyncio.to_thread(started.acquire, timeout=10) for _ in range(RESOLVERS)])
    assert not started.acquire(blocking=False)
    ended.set()
    await client.close()


async def test_so_many_at_once_and_the_others_wait_within_their_time(outbound: Outbound):
    seen = most = 0
    full, go = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen, most
        seen += 1
        most = max(most, seen)
        if seen == AT_ONCE:
            full.set()
        await go.wait()
        await reader.readuntil(b"\r\n\r\n")
        seen -= 1
        writer.write(OK)

    async with remote(script) as server:
        url = f"http://127.0.0.1:{server.port}/"
        asked = [asyncio.create_task(outbound.request("GET", url)) for _ in range(AT_ONCE + 8)]
        await asyncio.wait_for(full.wait(), 10)
        with pytest.raises(OutboundFailed, match=r"within 0\.1 s"):
            await outbound.request("GET", url, seconds=0.1)
        go.set()
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
    assert most == AT_ONCE


async def test_a_caller_may_give_up(outbound: Outbound, canary: Canary):
    before = open_files()
    for scheme in ("http", "https"):
        task = asyncio.create_task(outbound.request("GET", f"{scheme}://127.0.0.1:{canary.port}/"))
        hits = canary.hits
        while canary.hits == hits:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10):
        while open_files() != before + canary.hits:
            await asyncio.sleep(0.01)


async def test_after_close_nobody_is_called(canary: Canary):
    client = Outbound(private=HERE)
    await client.close()
    with pytest.raises(OutboundFailed, match="stopping"):
        await client.request("GET", f"http://127.0.0.1:{canary.port}/")
    assert canary.hits == 0


async def test_no_message_tells_a_secret(outbound: Outbound, canary: Canary):
    address = f"127.0.0.1:{canary.port}"
    for url in (f"http://{address}/?token=hunter2", f"https://{address}/hunter2", "http://10.0.0.1/hunter2?hunter2"):
        with pytest.raises((OutboundFailed, OutboundRefused)) as error:
            await outbound.request("GET", url, headers={"Authorization": "Bearer hunter2"}, seconds=0.1)
        assert "hunter2" not in str(error.value)
    for url in ("https://me:hunter2@a.example/", "https://a.example:hunter2/", "ftp://hunter2", "https://hunter2/ü"):
        with pytest.raises(OutboundRefused) as error:
            await outbound.request("GET", url)
        assert "hunter2" not in str(error.value)


def test_the_client_costs_nothing_until_it_is_used():
    code = "import sys; from artdagd.hooks import Outbound; Outbound(); print({'httpx', 'httpcore'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
