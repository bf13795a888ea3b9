"""URLs that try to make the node call itself or its network: each is refused, for its reason, and the canary lives.

``{port}`` is the canary's port on loopback, which the client under test may call; so what keeps it away is the rule on
addresses. Each case says whether a name would have been resolved at all.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from remotes import Canary

from artdagd.hooks import Outbound, OutboundRefused
from artdagd.hooks.addresses import AddressRules, Target, is_public

PRIVATE = "not of the public internet"
SCHEME = "does not begin with https"
PLAIN = "is not https"
PORT = "is on another port"
NUMBER = "no number from 1 to 65535"
USER = "user name or password"
HOST = "no name of letters"
FOUR = "four decimal numbers"
SIX = "no IPv6 address"
ZONE = "network interface"
IDNA = "international name"
SIGN = "has to be encoded"
SLASH = "needs a /"
PATH = "path of the address is not ASCII"
LONG = "characters at most"

SPELLINGS = [
    # Loopback, written out.
    ("https://127.0.0.1:{port}/", PRIVATE),
    ("https://127.0.0.2:{port}/", PRIVATE),
    ("https://127.255.255.254:{port}/", PRIVATE),
    ("HTTPS://127.0.0.1:{port}", PRIVATE),
    ("https://[::1]:{port}/", PRIVATE),
    ("https://[0:0:0:0:0:0:0:1]:{port}/", PRIVATE),
    ("https://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/", PRIVATE),
    ("https://[::0.0.0.1]:{port}/", PRIVATE),
    # Unspecified addresses, which Linux takes for loopback.
    ("https://0.0.0.0:{port}/", PRIVATE),
    ("https://0.1.2.3:{port}/", PRIVATE),
    ("https://[::]:{port}/", PRIVATE),
    # IPv4 in IPv6: mapped, compatible, translated, 6to4, NAT64, Teredo.
    ("https://[::ffff:127.0.0.1]:{port}/", PRIVATE),
    ("https://[::ffff:7f00:1]:{port}/", PRIVATE),
    ("https://[::ffff:8.8.8.8]:{port}/", PRIVATE),
    ("https://[0:0:0:0:0:ffff:127.0.0.1]:{port}/", PRIVATE),
    ("https://[::127.0.0.1]:{port}/", PRIVATE),
    ("https://[::ffff:0:127.0.0.1]:{port}/", PRIVATE),
    ("https://[2002:7f00:1::]:{port}/", PRIVATE),
    ("https://[2002:a9fe:a9fe::1]:{port}/", PRIVATE),
    ("https://[64:ff9b::127.0.0.1]:{port}/", PRIVATE),
    ("https://[64:ff9b::a9fe:a9fe]:{port}/", PRIVATE),
    ("https://[64:ff9b:1::7f00:1]:{port}/", PRIVATE),
    ("https://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/", PRIVATE),
    # Private, shared, link-local, multicast, reserved, examples, benchmarks.
    ("https://10.0.0.1:{port}/", PRIVATE),
    ("https://172.16.0.1:{port}/", PRIVATE),
    ("https://172.31.255.255:{port}/", PRIVATE),
    ("https://192.168.1.1:{port}/", PRIVATE),
    ("https://100.64.0.1:{port}/", PRIVATE),
    ("https://100.127.255.255:{port}/", PRIVATE),
    ("https://169.254.169.254:{port}/latest/meta-data/", PRIVATE),
    ("https://169.254.170.2:{port}/v2/credentials", PRIVATE),
    ("https://192.0.0.192:{port}/", PRIVATE),
    ("https://192.0.2.1:{port}/", PRIVATE),
    ("https://192.88.99.1:{port}/", PRIVATE),
    ("https://198.18.0.1:{port}/", PRIVATE),
    ("https://198.51.100.1:{port}/", PRIVATE),
    ("https://203.0.113.1:{port}/", PRIVATE),
    ("https://224.0.0.1:{port}/", PRIVATE),
    ("https://239.255.255.250:{port}/", PRIVATE),
    ("https://240.0.0.1:{port}/", PRIVATE),
    ("https://255.255.255.255:{port}/", PRIVATE),
    ("https://[fc00::1]:{port}/", PRIVATE),
    ("https://[fd00:ec2::254]:{port}/latest/meta-data/", PRIVATE),
    ("https://[fe80::1]:{port}/", PRIVATE),
    ("https://[fec0::1]:{port}/", PRIVATE),
    ("https://[ff02::1]:{port}/", PRIVATE),
    ("https://[ff0e::1]:{port}/", PRIVATE),
    ("https://[100::1]:{port}/", PRIVATE),
    ("https://[2001:db8::1]:{port}/", PRIVATE),
    ("https://[2001:20::1]:{port}/", PRIVATE),
    ("https://[3fff::1]:{port}/", PRIVATE),
    ("https://[5f00::1]:{port}/", PRIVATE),
    # Loopback as the C library reads it, too.
    ("https://2130706433:{port}/", FOUR),
    ("https://0x7f000001:{port}/", FOUR),
    ("https://0x7F.1:{port}/", FOUR),
    ("https://017700000001:{port}/", FOUR),
    ("https://0177.0.0.1:{port}/", FOUR),
    ("https://127.1:{port}/", FOUR),
    ("https://127.0.1:{port}/", FOUR),
    ("https://127.0.0.01:{port}/", FOUR),
    ("https://0127.0.0.1:{port}/", FOUR),
    ("https://127.0.0.0x1:{port}/", FOUR),
    ("https://0:{port}/", FOUR),
    ("https://0x:{port}/", FOUR),
    ("https://127.0.0.1.1:{port}/", FOUR),
    ("https://256.0.0.1:{port}/", FOUR),
    ("https://localhost.1:{port}/", FOUR),
    ("https://127.0.0.1.:{port}/", HOST),
    ("https://localhost.:{port}/", HOST),
    ("https://.localhost:{port}/", HOST),
    ("https://local..host:{port}/", HOST),
    ("https://local%68ost:{port}/", HOST),
    ("https://%31%32%37.0.0.1:{port}/", HOST),
    ("https://-:{port}/", HOST),
    ("https://*.example:{port}/", HOST),
    ("https://a,b.example:{port}/", HOST),
    ("https:///127.0.0.1:{port}/", HOST),
    ("https://:{port}/", HOST),
    ("https://" + "a" * 64 + ".example:{port}/", HOST),
    ("https://" + "a." * 127 + "example:{port}/", HOST),
    ("https://[127.0.0.1]:{port}/", SIX),
    ("https://[::1:{port}/", HOST),
    ("https://::1:{port}/", HOST),
    ("https://[::1]]:{port}/", SIX),
    ("https://[[::1]:{port}/", SIX),
    ("https://[v1.a]:{port}/", SIX),
    ("https://[::1]x:{port}/", HOST),
    ("https://[fe80::1%25lo]:{port}/", ZONE),
    ("https://[::1%lo]:{port}/", ZONE),
    # Digits, dots and letters of other alphabets.
    ("https://１２７.0.0.1:{port}/", IDNA),
    ("https://127。0。0。1:{port}/", IDNA),
    ("https://127．0．0．1:{port}/", IDNA),
    ("https://①②⑦.⓪.⓪.①:{port}/", IDNA),
    ("https://ⓛocalhost:{port}/", IDNA),
    ("https://ſocalhost:{port}/", IDNA),
    ("https://local\u00adhost:{port}/", IDNA),
    ("https://local\u200bhost:{port}/", IDNA),
    ("https://a.example\u202e:{port}/", IDNA),
    ("https://a.example／@127.0.0.1:{port}/", USER),
    ("https://a.example\u2044b:{port}/", IDNA),
    # Whose host is it?
    ("https://a.example@127.0.0.1:{port}/", USER),
    ("https://a.example:443@127.0.0.1:{port}/", USER),
    ("https://127.0.0.1:{port}@a.example/", USER),
    ("https://@127.0.0.1:{port}/", USER),
    ("https://a@b@127.0.0.1:{port}/", USER),
    ("https://a.example%40127.0.0.1:{port}/", HOST),
    ("https://a.example#@127.0.0.1:{port}/", SLASH),
    ("https://127.0.0.1:{port}#.a.example/", SLASH),
    ("https://a.example?@127.0.0.1:{port}/", SLASH),
    ("https://127.0.0.1:{port}?.a.example/", SLASH),
    ("https://#127.0.0.1:{port}/", SLASH),
    ("https://a.example\\@127.0.0.1:{port}/", SIGN),
    ("https:\\\\127.0.0.1:{port}\\", SIGN),
    ("https://127.0.0.1:{port}\\.a.example/", SIGN),
    ("https://127.0.0.1:{port} .a.example/", SIGN),
    (" https://127.0.0.1:{port}/", SIGN),
    ("https://127.0.0.1\t:{port}/", SIGN),
    ("https://127.0.0.1:{port}/\r\nX-A: 1", SIGN),
    ("https://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a.example\r\n\r\n", SIGN),
    ("https://a.example\x00.127.0.0.1:{port}/", SIGN),
    ("https://127.0.0.1:{port}/\x7f", SIGN),
    ("https://a.example:{port}/ü", PATH),
    ("https://a.example:{port}/\u2028", PATH),
    ("https://a.example:{port}/" + "a" * 8192, LONG),
    # Schemes.
    ("http://127.0.0.1:{port}/", PLAIN),
    ("http://a.example:{port}/", PLAIN),
    ("ftp://127.0.0.1:{port}/", SCHEME),
    ("file:///etc/passwd", SCHEME),
    ("gopher://127.0.0.1:{port}/_GET", SCHEME),
    ("dict://127.0.0.1:{port}/info", SCHEME),
    ("unix:///run/docker.sock", SCHEME),
    ("data:text/plain,a", SCHEME),
    ("javascript:alert(1)", SCHEME),
    ("wss://127.0.0.1:{port}/", SCHEME),
    ("jar:https://127.0.0.1:{port}/", SCHEME),
    ("https:127.0.0.1:{port}", SCHEME),
    ("https:/127.0.0.1:{port}", SCHEME),
    ("//127.0.0.1:{port}/", SCHEME),
    ("127.0.0.1:{port}", SCHEME),
    ("/", SCHEME),
    ("", SCHEME),
    # Ports.
    ("https://a.example:22/", PORT),
    ("https://a.example:80/", PORT),
    ("https://a.example:6379/", PORT),
    ("https://a.example:8443/", PORT),
    ("https://a.example:/", NUMBER),
    ("https://a.example:0/", NUMBER),
    ("https://a.example:0443/", NUMBER),
    ("https://a.example:+443/", NUMBER),
    ("https://a.example:-1/", NUMBER),
    ("https://a.example:65536/", NUMBER),
    ("https://a.example:443:{port}/", NUMBER),
    ("https://a.example:４４３/", NUMBER),
    ("https://a.example:443a/", NUMBER),
]

RESOLVED = [
    ("https://localhost:{port}/", ["127.0.0.1"]),
    ("https://LOCALHOST:{port}/", ["::1", "127.0.0.1"]),
    ("https://localhost.localdomain:{port}/", ["127.0.0.1"]),
    ("https://127.0.0.1.nip.example:{port}/", ["127.0.0.1"]),
    ("https://bücher.example:{port}/", ["127.0.0.1"]),
    ("https://xn--bcher-kva.example:{port}/", ["127.0.0.1"]),
    ("https://metadata.google.internal:{port}/", ["169.254.169.254"]),
    ("https://router.local:{port}/", ["192.168.0.1"]),
    ("https://mapped.example:{port}/", ["::ffff:127.0.0.1"]),
    ("https://unspecified.example:{port}/", ["0.0.0.0"]),
    ("https://unspecified6.example:{port}/", ["::"]),
    ("https://zone.example:{port}/", ["fe80::1%lo"]),
    ("https://shared.example:{port}/", ["100.64.1.1"]),
    ("https://nat64.example:{port}/", ["64:ff9b::7f00:1"]),
    ("https://six-to-four.example:{port}/", ["2002:7f00:1::1"]),
    ("https://last.example:{port}/", ["93.184.215.14", "127.0.0.1"]),
    ("https://first.example:{port}/", ["127.0.0.1", "93.184.215.14"]),
    ("https://among.example:{port}/", [*(f"93.184.215.{n}" for n in range(1, 250)), "10.0.0.1"]),
    ("https://both.example:{port}/", ["2606:2800:21f::1", "::1"]),
    ("https://both4.example:{port}/", ["2606:2800:21f::1", "127.0.0.1"]),
]


@pytest.fixture
def canary() -> Iterator[Canary]:
    bird = Canary()
    yield bird
    bird.close()


def test_the_corpus_is_as_large_as_the_page_says(docs_operations: str):
    assert f"a canary on loopback never called | {len(SPELLINGS) + len(RESOLVED)} | 0 |" in docs_operations
    assert len({url for url, _ in (*SPELLINGS, *RESOLVED)}) == len(SPELLINGS) + len(RESOLVED)


@pytest.mark.parametrize(("url", "reason"), SPELLINGS, ids=lambda text: ascii(text)[1:50])
async def test_what_a_url_itself_gives_away(canary: Canary, url: str, reason: str):
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    client = Outbound(ports=[443, canary.port], resolve=resolve)
    with pytest.raises(OutboundRefused, match=re.escape(reason)):
        await client.request("GET", url.replace("{port}", str(canary.port)), seconds=1)
    assert asked == []
    assert canary.hits == 0
    await client.close()


@pytest.mark.parametrize(("url", "answers"), RESOLVED, ids=lambda value: value if isinstance(value, str) else "")
async def test_what_a_name_leads_to(canary: Canary, url: str, answers: list[str]):
    client = Outbound(ports=[443, canary.port], resolve=lambda host, port: answers)
    with pytest.raises(OutboundRefused, match=PRIVATE):
        await client.request("GET", url.replace("{port}", str(canary.port)), seconds=1)
    assert canary.hits == 0
    await client.close()


LEADING_TO_LOOPBACK = [case for case in RESOLVED if case[1][0] in ("127.0.0.1", "::1", "0.0.0.0", "::")]


@pytest.mark.parametrize(("url", "answers"), LEADING_TO_LOOPBACK, ids=lambda value: str(value)[:40])
async def test_without_the_rule_the_canary_is_called(
    canary: Canary, url: str, answers: list[str], monkeypatch: pytest.MonkeyPatch
):
    """So the other tests would notice."""
    monkeypatch.setattr(AddressRules, "admit", lambda *_: None)
    client = Outbound(ports=[443, canary.port], resolve=lambda host, port: answers)
    asked = asyncio.create_task(client.request("GET", url.replace("{port}", str(canary.port))))
    while canary.hits == 0 and not asked.done():
        await asyncio.sleep(0)
    asked.cancel()
    assert canary.hits == 1
    await client.close()


async def test_the_systems_own_resolver_is_checked_too(canary: Canary):
    client = Outbound(ports=[443, canary.port])
    with pytest.raises(OutboundRefused, match=PRIVATE):
        await client.request("GET", f"https://localhost:{canary.port}/")
    assert canary.hits == 0
    await client.close()


async def test_each_hop_of_a_redirect_is_checked(canary: Canary):
    async def hop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        where = f"http://127.0.0.1:{canary.port}/"
        writer.write(f"HTTP/1.1 307 On\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(hop, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Outbound(private=[f"127.0.0.1:{port}"])
    answer = await client.request("GET", f"http://127.0.0.1:{port}/")
    assert answer.status == 307
    with pytest.raises(OutboundRefused):
        await client.request("GET", answer.headers["location"])
    assert canary.hits == 0
    server.close()
    await client.close()


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"),
        *("192.0.1.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1", "64:ff9b::8.8.8.8"),
    ],
)
def test_the_public_internet_is_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://a.example", "a.example", 443, "/"),
        ("HTTPS://A.Example:443/b?c=d/e@f:g#h?i", "a.example", 443, "/b?c=d/e@f:g"),
        ("https://a.example/?q=https://b.example/", "a.example", 443, "/?q=https://b.example/"),
        ("https://a.example//127.0.0.1/../x", "a.example", 443, "//127.0.0.1/../x"),
        ("https://bücher.example/%C3%BC", "xn--bcher-kva.example", 443, "/%C3%BC"),
        ("https://straße.example/", "xn--strae-oqa.example", 443, "/"),
        ("https://under_score.example/", "under_score.example", 443, "/"),
        ("https://1.example/", "1.example", 443, "/"),
        ("https://[2606:4700:0::1111]/", "2606:4700::1111", 443, "/"),
        ("http://8.8.8.8:8080/", "8.8.8.8", 8080, "/"),
    ],
)
def test_what_is_fine_is_read_as_it_is(url: str, host: str, port: int, path: str):
    target = Target.of(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.origin in (f"{target.scheme}://{host}", f"{target.scheme}://[{host}]", f"http://{host}:{port}")


def test_whatever_the_c_library_takes_for_an_address_is_no_name():
    for text in ("127.1", "0x7f.1", "017700000001", "2130706433", "0x7f000001", "0", "0x0", "127.0.0.0x1"):
        assert socket.inet_aton(text)
        with pytest.raises(OutboundRefused, match=FOUR):
            Target.of(f"https://{text}/")
