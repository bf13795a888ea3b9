"""Signed requests through the one door: what we sign is accepted, and only for what it was signed for."""

from __future__ import annotations

from typing import get_args

import pytest
from artdagd_federation_l2.signatures import (
    Replays,
    ReplaysFull,
    Request,
    Scheme,
    SignatureRefused,
    WrongSignature,
    signed_headers,
)
from signed import BODY, KEY_ID, NOW, URL, accept, ed25519_key, replaced, rsa_key, signed, with_header

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("key", [rsa_key, ed25519_key])
@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", BODY), ("POST", b""), ("DELETE", b"")])
async def test_what_we_sign_is_accepted(scheme: Scheme, key: object, method: str, body: bytes) -> None:
    chosen = rsa_key() if key is rsa_key else ed25519_key()
    who = await accept(signed(scheme, method, body=body, key=chosen))
    assert who.key_id == chosen.key_id
    assert who.scheme == scheme
    assert who.expires == NOW + 300


def test_a_post_has_a_digest_even_of_nothing() -> None:
    assert "Digest" in dict(signed("cavage", "POST", body=b"").headers)
    assert "Content-Digest" in dict(signed("rfc9421", "POST", body=b"").headers)
    assert "Digest" not in dict(signed("cavage", "GET", body=b"").headers)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("part", ["method", "target", "body", "host"])
async def test_a_signature_is_for_its_request_alone(scheme: Scheme, part: str) -> None:
    request = signed(scheme)
    other = {
        "method": lambda: replaced(request, method="PUT"),
        "target": lambda: replaced(request, target=request.target + "&more=1"),
        "body": lambda: replaced(request, body=BODY + b" "),
        "host": lambda: with_header(request, "Host", "other.example"),
    }[part]()
    with pytest.raises(SignatureRefused):
        await accept(other)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_request_for_another_host_is_refused(scheme: Scheme) -> None:
    with pytest.raises(SignatureRefused, match="another host"):
        await accept(signed(scheme), authority="other.example")
    assert await accept(signed(scheme, url="https://node.example:8443/x"), authority="node.example:8443")
    assert await accept(signed(scheme, url="https://node.example:443/x"), authority="NODE.example:443")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_it_counts_for_five_minutes(scheme: Scheme) -> None:
    request = signed(scheme)
    for off in (-300, 300):
        assert await accept(request, now=NOW + off)
    with pytest.raises(SignatureRefused, match="too old"):
        await accept(request, now=NOW + 301)
    with pytest.raises(SignatureRefused, match="future"):
        await accept(request, now=NOW - 301)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_it_counts_once(scheme: Scheme) -> None:
    replay = Replays()
    request = signed(scheme)
    await accept(request, replay=replay)
    with pytest.raises(SignatureRefused, match="before"):
        await accept(request, replay=replay)
    # Another key id for the same key does not make it another request: a draft-cavage signature does not cover it.
    if scheme == "cavage":
        name = KEY_ID.replace("main-key", "other")
        other = with_header(request, "Signature", dict(request.headers)["Signature"].replace(KEY_ID, name))
        key = rsa_key()
        with pytest.raises(SignatureRefused, match="before"):
            await accept(other, type(key)(name, key.private), replay=replay)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_changed_key_is_worth_fetching_again(scheme: Scheme) -> None:
    stale = type(rsa_key())(KEY_ID, rsa_key("stale").private)
    with pytest.raises(WrongSignature) as refused:
        await accept(signed(scheme), stale)
    assert refused.value.key_id == KEY_ID
    assert await accept(signed(scheme), rsa_key())


async def test_an_unsigned_request_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="not signed"):
        await accept(Request("GET", "/", (("Host", "node.example"),)))


def test_a_full_cache_refuses_the_newest_and_one_host_fills_its_share_alone() -> None:
    replay = Replays(capacity=8)
    for n in range(2):
        replay.remember(f"a{n}", "https://a.example/actor", NOW + 10, NOW)
    with pytest.raises(ReplaysFull):
        replay.remember("a2", "https://a.example/other", NOW + 10, NOW)
    for n in range(6):
        replay.remember(f"{n}", f"https://host-{n}.example/actor", NOW + 20, NOW)
    with pytest.raises(ReplaysFull):
        replay.remember("b", "https://b.example/actor", NOW + 10, NOW)
    with pytest.raises(SignatureRefused, match="before"):
        replay.remember("a1", "https://a.example/actor", NOW + 10, NOW + 10)
    replay.remember("b", "https://b.example/actor", NOW + 30, NOW + 11)
    replay.remember("a1", "https://a.example/actor", NOW + 30, NOW + 11)
    with pytest.raises(ReplaysFull):
        replay.remember("c", "https://c.example/actor", NOW + 30, NOW + 11)


@pytest.mark.parametrize(
    "url",
    [
        "node.example/x",
        "ftp://node.example/",
        "https://a:b@node.example/",
        URL + "#x",
        "https://node.example/a b",
        "https:///x",
        "https://node.example/é",
    ],
)
def test_an_address_that_can_not_be_sent_is_not_signed(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        signed_headers("GET", url, b"", rsa_key(), scheme="cavage", now=NOW)
