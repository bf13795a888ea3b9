"""Row F17: mutated, forged, expired, replayed and misdirected requests, of which none may be accepted."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest
from artdagd_federation_l2.signatures import Replays, Request, Scheme, SignatureRefused, SigningKey, cavage, rfc9421
from artdagd_federation_l2.signatures.digests import content_digest, digest
from hypothesis import given
from hypothesis import strategies as st
from signed import AUTHORITY, BODY, KEY_ID, NOW, URL, accept, ed25519_key, replaced, rsa_key, signed, with_header

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
Case = tuple[str, Request]


def mutated(request: Request, part: str, at: int, byte: int) -> Request:
    """One byte of a part replaced by another; ``at`` is taken modulo the part's length."""
    if part == "body":
        at %= len(request.body)
        other = byte if byte != request.body[at] else byte ^ 1
        return replaced(request, body=request.body[:at] + bytes([other]) + request.body[at + 1 :])
    value = getattr(request, part) if part in ("method", "target") else dict(request.headers)[part]
    at %= len(value)
    text = value[:at] + chr(byte if byte != ord(value[at]) else byte ^ 1) + value[at + 1 :]
    if part in ("method", "target"):
        return replaced(request, **{part: text})
    if part == "Host" and text.lower() == value:
        return mutated(request, part, at + 1, 0)  # another case is the same host
    return with_header(request, part, text)


PARTS = ("method", "target", "body", "Host", "Date", "Digest", "Content-Digest", "Signature", "Signature-Input")


def parts_of(request: Request) -> list[str]:
    return [part for part in PARTS if part in ("method", "target", "body") or part in dict(request.headers)]


@given(st.sampled_from(SCHEMES), st.booleans(), st.integers(0), st.integers(0, 255), st.data())
def test_a_change_of_one_byte_is_refused(scheme: Scheme, rsa: bool, at: int, byte: int, data: st.DataObject) -> None:
    request = signed(scheme, key=rsa_key() if rsa else ed25519_key())
    part = data.draw(st.sampled_from(parts_of(request)))
    with pytest.raises(SignatureRefused):
        asyncio.run(accept(mutated(request, part, at, byte)))


WORDS = r"""
keyId=" https://peer.example/actor#main-key ", algorithm= "hs2019" headers= "(request-target) (created) host signature=
created= 1790000000 9999999999999999 expires= sig1= ( ) "@method" "@target-uri" ; ;keyid= ;alg= :AA==: , = " : ?1
@1659578233 %"x" - 1.5 * \ é SHA-256= sha-256=
"""
FRAGMENTS = st.sampled_from([*WORDS.split(), " ", "\x00", "\n"])


@given(st.lists(st.tuples(st.sampled_from(PARTS[3:]), st.lists(FRAGMENTS, max_size=24).map("".join)), max_size=5))
def test_whatever_the_headers_say_is_refused_in_words(headers: list[tuple[str, str]]) -> None:
    lines = (*(("Host", AUTHORITY) for _ in range("Host" not in dict(headers))), *headers)
    with pytest.raises(SignatureRefused):
        asyncio.run(accept(Request("POST", "/inbox", lines, BODY)))


def changed_bytes(chance: random.Random) -> Iterator[Case]:
    for n in range(160):
        request = signed(SCHEMES[n % 2])
        part = chance.choice(parts_of(request))
        yield "a byte changed", mutated(request, part, chance.randrange(9999), chance.randrange(256))


def forged(chance: random.Random) -> Iterator[Case]:
    """Signed by another key, by none, or by an HMAC whose secret is the public key."""
    forger = SigningKey(KEY_ID, rsa_key("forger").private)
    public = rsa_key().public_pem.encode()
    for n in range(30):
        scheme = SCHEMES[n % 2]
        body = BODY + str(n).encode()
        yield "another key's", signed(scheme, body=body, key=forger)
        yield "another kind of key's", signed(scheme, body=body, key=SigningKey(KEY_ID, ed25519_key().private))
        junk = base64.b64encode(chance.randbytes(chance.choice([0, 1, 32, 64, 255, 256, 257]))).decode()
        request = signed(scheme, body=body)
        if scheme == "rfc9421":
            yield "noise", with_header(request, "Signature", f"sig1=:{junk}:")
            said = {"created": int(NOW), "alg": "hmac-sha256", "keyid": KEY_ID}
            covered = ["@method", "@target-uri", "content-digest"]
            made = base64.b64encode(hmac.digest(public, rfc9421.signature_base(request, covered, said), "sha256"))
            names = " ".join(f'"{name}"' for name in covered)
            line = f'sig1=({names});created={int(NOW)};alg="hmac-sha256";keyid="{KEY_ID}"'
            hashed = with_header(request, "Signature-Input", line)
            yield "HMAC", with_header(hashed, "Signature", f"sig1=:{made.decode()}:")
        else:
            covered = ["(request-target)", "host", "date", "digest"]
            start = f'keyId="{KEY_ID}",headers="{" ".join(covered)}"'
            yield "noise", with_header(request, "Signature", f'{start},algorithm="rsa-sha256",signature="{junk}"')
            made = base64.b64encode(hmac.digest(public, cavage.signing_string(request, covered, {}), "sha256"))
            for name in ("hmac-sha256", "hs2019"):
                line = f'{start},algorithm="{name}",signature="{made.decode()}"'
                yield "HMAC", with_header(request, "Signature", line)


def out_of_time(chance: random.Random) -> Iterator[Case]:
    for n in range(60):
        off = chance.uniform(301, 10 ** chance.uniform(2.5, 8)) + 1
        yield "expired", signed(SCHEMES[n % 2], at=NOW - off)
        yield "from the future", signed(SCHEMES[n % 2], at=NOW + off)


def misdirected(chance: random.Random) -> Iterator[Case]:
    """Signed for another server, and brought here as it was or with our own name put in."""
    hosts = ["other.example", f"{AUTHORITY}.evil.example", f"x.{AUTHORITY}", f"{AUTHORITY}:8443", "127.0.0.1", "[::1]"]
    for n in range(40):
        request = signed(SCHEMES[n % 2], url=URL.replace(AUTHORITY, hosts[n % len(hosts)]), body=chance.randbytes(9))
        yield "for another host", request
        yield "for another host, renamed", with_header(request, "Host", AUTHORITY)
        yield "for another path", replaced(signed(SCHEMES[n % 2]), target=f"/users/{n}/inbox")


def uncovered(chance: random.Random) -> Iterator[Case]:
    """Truly signed by the key's owner, but with something left out that would let it be changed on the way."""
    headers = (("Host", AUTHORITY), ("Date", dict(signed("cavage").headers)["Date"]), ("Digest", digest(BODY)))
    request = Request("POST", "/inbox?page=1", (*headers, ("Content-Digest", content_digest(BODY))), BODY)
    for n in range(40):
        some = ["(request-target)", "host", "date", "digest"]
        del some[n % 4]
        chance.shuffle(some)
        yield "not all covered", with_header(request, "Signature", cavage.signature(request, some, rsa_key()))
        some = ["@method", "@authority", "@path", "@query", "content-digest"]
        del some[n % 5]
        chance.shuffle(some)
        made = rfc9421.signature(request, some, {"created": int(NOW), "nonce": str(n)}, rsa_key())
        yield "not all covered", replaced(request, headers=(*request.headers, *made.items()))


def corpus() -> Iterator[Case]:
    chance = random.Random(17)
    for cases in (changed_bytes, forged, out_of_time, misdirected, uncovered):
        yield from cases(chance)


async def test_nothing_hostile_is_accepted() -> None:
    tried: Counter[str] = Counter()
    for kind, request in corpus():
        tried[kind] += 1
        with pytest.raises(SignatureRefused):
            await accept(request)
    replay = Replays()
    for n in range(60):
        request = signed(SCHEMES[n % 2], body=hashlib.sha256(str(n).encode()).digest())
        await accept(request, replay=replay)
        for late in (0, 299):
            tried["replayed"] += 1
            with pytest.raises(SignatureRefused, match="before"):
                await accept(request, replay=replay, now=NOW + late)
    assert tried.total() == 735, "state the count in README.md"
