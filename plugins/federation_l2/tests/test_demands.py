"""What a signature has to cover, say and rest on: each demand, met and missed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from artdagd_federation_l2.signatures import (
    KeyRefused,
    Request,
    SignatureRefused,
    SigningKey,
    WrongSignature,
    cavage,
    public_key,
    public_pem,
    rfc9421,
)
from artdagd_federation_l2.signatures.digests import content_digest, digest
from artdagd_federation_l2.signatures.keys import strong
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from signed import AUTHORITY, BODY, KEY_ID, NOW, accept, ed25519_key, rsa_key, with_header

AT = int(NOW)
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
HEADERS = (("Host", AUTHORITY), ("Date", DATE), ("Digest", digest(BODY)), ("Content-Digest", content_digest(BODY)))
PLAIN = Request("POST", "/inbox?page=1", HEADERS, BODY)
CAVAGE = ["(request-target)", "host", "date", "digest"]
RFC9421 = ["@method", "@authority", "@path", "@query", "content-digest"]


def by_cavage(*covered: str, request: Request = PLAIN) -> Request:
    return with_header(request, "Signature", cavage.signature(request, covered, rsa_key()))


def by_rfc9421(*covered: str, request: Request = PLAIN, key: SigningKey | None = None, **parameters: Any) -> Request:
    said = parameters or {"created": AT}
    made = rfc9421.signature(request, covered, said, key or rsa_key())
    return Request(request.method, request.target, (*request.headers, *made.items()), request.body)


@pytest.mark.parametrize(
    "covered",
    [
        CAVAGE,
        RFC9421,
        ["@method", "@target-uri", "content-digest"],
        ["@method", "host", "@request-target", "digest"],
        ["(request-target)", "host", "date", "content-digest"],
    ],
)
async def test_what_is_enough(covered: list[str]) -> None:
    signing = by_cavage if covered[0].startswith("(") else by_rfc9421
    assert await accept(signing(*covered))


@pytest.mark.parametrize(
    ("missing", "word"),
    [("(request-target)", "method"), ("host", "authority"), ("date", "date"), ("digest", "digest of the body")],
)
async def test_what_draft_cavage_has_to_cover(missing: str, word: str) -> None:
    with pytest.raises(SignatureRefused, match=word):
        await accept(by_cavage(*[name for name in CAVAGE if name != missing]))


@pytest.mark.parametrize(
    ("missing", "word"),
    [
        ("@method", "method"),
        ("@authority", "authority"),
        ("@path", "target"),
        ("@query", "target"),
        ("content-digest", "digest of the body"),
    ],
)
async def test_what_rfc9421_has_to_cover(missing: str, word: str) -> None:
    with pytest.raises(SignatureRefused, match=word):
        await accept(by_rfc9421(*[name for name in RFC9421 if name != missing]))


async def test_a_header_named_like_a_part_of_the_request_is_not_that_part() -> None:
    odd = Request(
        "POST", "/inbox", (*HEADERS, ("method", "POST"), ("target", "/inbox"), ("authority", AUTHORITY)), BODY
    )
    with pytest.raises(SignatureRefused, match="cover"):
        await accept(by_cavage("method", "target", "authority", "date", "digest", request=odd))
    with pytest.raises(SignatureRefused, match="cover"):
        await accept(by_rfc9421("method", "target", "authority", "content-digest", request=odd))


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"nonce": "x"}, "neither a date"),
        ({"created": AT, "expires": AT + 3601}, "more than an hour"),
        ({"created": AT, "expires": AT - 1}, "before it was made"),
        ({"created": AT - 100, "expires": AT - 1}, "too old"),
        ({"created": AT - 301}, "too old"),
        ({"created": AT + 301}, "future"),
        ({"created": AT + 301, "expires": AT + 400}, "future"),
        ({"created": -1}, "number of seconds"),
        ({"created": "now"}, "number of seconds"),
        ({"created": True}, "number of seconds"),
        ({"created": AT, "odd": 1}, "no parameter"),
        ({"created": AT, "nonce": "n" * 257}, "too long"),
        ({"created": AT, "tag": 5}, "no text"),
    ],
)
async def test_when_and_how_rfc9421_counts(parameters: dict[str, Any], word: str) -> None:
    with pytest.raises(SignatureRefused, match=word):
        await accept(by_rfc9421(*RFC9421, **parameters))


async def test_an_hour_is_the_longest_that_one_counts() -> None:
    who = await accept(by_rfc9421(*RFC9421, created=AT - 3500, expires=AT + 100))
    assert who.expires == AT + 100
    # With a date that is covered too, both have to hold.
    request = with_header(PLAIN, "Date", "Mon, 21 Sep 2026 14:08:20 GMT")
    assert (await accept(by_rfc9421(*RFC9421, "date", request=request, created=AT))).expires == AT
    with pytest.raises(SignatureRefused, match="too old"):
        await accept(by_rfc9421(*RFC9421, "date", request=request, created=AT), now=NOW + 1)


@pytest.mark.parametrize(
    "date",
    [
        "Monday, 21-Sep-26 14:13:20 GMT",
        "Mon Sep 21 14:13:20 2026",
        DATE[:-3] + "+0000",
        "Mon, 99 Sep 2026 14:13:20 GMT",
    ],
)
async def test_a_date_has_one_spelling(date: str) -> None:
    with pytest.raises(SignatureRefused, match="Date"):
        await accept(by_cavage(*CAVAGE, request=with_header(PLAIN, "Date", date)))


async def test_created_of_draft_cavage_counts_when_it_is_covered() -> None:
    covered = ["(request-target)", "(created)", "(expires)", "host", "digest"]
    given = {"created": str(AT - 1000), "expires": str(AT + 100)}
    base = cavage.signing_string(PLAIN, covered, given)
    made = ed25519_key().private.sign(base)  # type: ignore[call-arg]

    def request(algorithm: str, names: str = " ".join(covered)) -> Request:
        return with_header(
            PLAIN,
            "Signature",
            f'keyId="{ed25519_key().key_id}",algorithm="{algorithm}",created={AT - 1000},expires={AT + 100},'
            f'headers="{names}",signature="{base64.b64encode(made).decode()}"',
        )

    assert (await accept(request("hs2019"))).expires == AT + 100
    with pytest.raises(SignatureRefused, match="can't be covered"):
        await accept(request("rsa-sha256"))
    with pytest.raises(SignatureRefused, match="neither a date"):
        await accept(request("hs2019", "(request-target) host digest"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Digest", digest(b"other")),
        ("Digest", digest(BODY) + "," + digest(BODY)),
        ("Digest", "MD5=AAAA"),
        ("Digest", "SHA-256"),
        ("Digest", digest(BODY).rstrip("=")),
        ("Digest", digest(BODY) + ",SHA-512=AAAA"),
        ("Content-Digest", content_digest(b"other")),
        ("Content-Digest", content_digest(BODY) + ", " + content_digest(BODY)),
        ("Content-Digest", "md5=:AAAA:"),
        ("Content-Digest", "sha-256=7"),
        ("Content-Digest", content_digest(BODY) + ", sha-512=:AAAA:"),
    ],
)
async def test_a_digest_has_to_be_the_body_s(name: str, value: str) -> None:
    request = with_header(PLAIN, name, value)
    with pytest.raises(SignatureRefused, match="Digest"):
        await accept(by_cavage(*CAVAGE, request=request) if name == "Digest" else by_rfc9421(*RFC9421, request=request))


def changed(request: Request, header: str, old: str, new: str) -> Request:
    value = dict(request.headers)[header]
    assert old in value
    return with_header(request, header, value.replace(old, new, 1))


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "none", "", "rsa-sha1", "RSA-SHA256", "ed25519", "rsa-sha512"])
async def test_draft_cavage_names_no_algorithm_that_is_not_the_key_s(algorithm: str) -> None:
    with pytest.raises(SignatureRefused, match="algorithm"):
        await accept(changed(by_cavage(*CAVAGE), "Signature", '"rsa-sha256"', f'"{algorithm}"'))
    assert await accept(changed(by_cavage(*CAVAGE), "Signature", '"rsa-sha256"', '"hs2019"'))
    assert await accept(changed(by_cavage(*CAVAGE), "Signature", 'algorithm="rsa-sha256",', ""))


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "ecdsa-p256-sha256", "none", "ed25519", "rsa-v1_5-sha512"])
async def test_rfc9421_names_no_algorithm_that_is_not_the_key_s(algorithm: str) -> None:
    with pytest.raises(SignatureRefused, match="algorithm"):
        await accept(changed(by_rfc9421(*RFC9421), "Signature-Input", '"rsa-v1_5-sha256"', f'"{algorithm}"'))
    swapped = changed(by_rfc9421(*RFC9421, key=ed25519_key()), "Signature-Input", '"ed25519"', '"rsa-v1_5-sha256"')
    with pytest.raises(SignatureRefused, match="not the key's: ed25519"):
        await accept(swapped)


async def test_pss_is_no_algorithm_of_draft_cavage() -> None:
    private = rsa_key().private
    assert isinstance(private, RSAPrivateKey)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
    made = private.sign(cavage.signing_string(PLAIN, CAVAGE, {}), pss, hashes.SHA512())
    text = base64.b64encode(made).decode()
    line = f'keyId="{KEY_ID}",algorithm="hs2019",headers="{" ".join(CAVAGE)}",signature="{text}"'
    with pytest.raises(WrongSignature):
        await accept(with_header(PLAIN, "Signature", line))


@pytest.mark.parametrize("name", ["Signature", "Host", "Date", "Digest"])
async def test_a_header_that_was_sent_twice_is_refused(name: str) -> None:
    request = by_cavage(*CAVAGE)
    double = Request(
        request.method, request.target, (*request.headers, (name.lower(), dict(request.headers)[name])), request.body
    )
    with pytest.raises(SignatureRefused, match="2 times"):
        await accept(double)
    # A server may join them before we see them.
    value = dict(request.headers)[name]
    with pytest.raises(SignatureRefused) as refused:
        await accept(with_header(request, name, f"{value}, {value}"))
    assert refused.type is SignatureRefused


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('keyId="', 'keyId="x",keyId="'),
        ('headers="', 'headers="date",headers="'),
        ("host date", "host host date"),
        ("host date", "host  date"),
        ("host date", "Host date"),
        ("keyId", "keyid"),
        ('algorithm="', 'odd="'),
        ('",algorithm', '" algorithm'),
        ('",algorithm', '",,algorithm'),
        ('headers="', "headers=" + "'"),
        ('keyId="', 'keyId="' + "k" * 2049),
        ("date", "date x-not-sent"),
        ('signature="', 'signature="='),
        ('signature="', 'signature=" '),
        ('algorithm="rsa-sha256",headers="', f'created="{"9" * 5000}",headers="(created) '),
    ],
)
async def test_a_signature_header_with_more_than_one_reading_is_refused(old: str, new: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        await accept(changed(by_cavage(*CAVAGE), "Signature", old, new))
    assert refused.type is SignatureRefused, "it was read, and only the key did not fit"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sig1=", "sig1=(), sig1="),
        ("sig1=", "other="),
        ("sig1=", "sig1;x="),
        (";created=", ";created=1;created="),
        ('"@method"', '"@method" "@method"'),
        ('"@method"', '"@method";req'),
        ('"@method"', '"@status"'),
        ('"@method"', "@method"),
        ('"@method"', '"@Method"'),
        ('"@authority"', '"@authority" "x-not-sent"'),
        ('"@authority"', '"@authority" "Host"'),
        (";keyid=", ";odd="),
        (";keyid=", ";keyid=token;odd="),
        (KEY_ID, ""),
        (KEY_ID, "k" * 2049),
        ("sig1=(", "sig1=5, sig2=("),
        ("sig1=(", "a=(), b=(), c=(), d=(), sig1=("),
    ],
)
async def test_an_input_with_more_than_one_reading_is_refused(old: str, new: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        await accept(changed(by_rfc9421(*RFC9421), "Signature-Input", old, new))
    assert refused.type is SignatureRefused, "it was read, and only the key did not fit"


@pytest.mark.parametrize("signing", [by_cavage, by_rfc9421])
async def test_base64_has_one_spelling(signing: Any) -> None:
    request = signing(*(CAVAGE if signing is by_cavage else RFC9421))
    whole = dict(request.headers)["Signature"]
    at = whole.index("==") - 1  # of this letter's six bits, four are of no byte
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same = whole[:at] + alphabet[alphabet.index(whole[at]) + 1] + whole[at + 1 :]
    with pytest.raises(SignatureRefused, match="base64"):
        await accept(with_header(request, "Signature", same))


@pytest.mark.parametrize("signing", [by_cavage, by_rfc9421])
async def test_no_more_than_32_things_are_covered(signing: Any) -> None:
    needed = CAVAGE if signing is by_cavage else RFC9421
    more = [f"x-{n}" for n in range(33 - len(needed))]
    request = Request("POST", PLAIN.target, (*HEADERS, *((name, "1") for name in more)), BODY)
    assert await accept(signing(*needed, *more[1:], request=request))
    with pytest.raises(SignatureRefused):
        await accept(signing(*needed, *more, request=request))


async def test_what_draft_cavage_does_not_cover_is_not_heeded() -> None:
    # GoToSocial says created and expires without signing them.
    request = changed(by_cavage(*CAVAGE), "Signature", "headers=", f"created={AT - 9999},expires={AT - 9},headers=")
    assert (await accept(request)).expires == AT + 300


async def test_a_long_header_is_refused_unread() -> None:
    for signing, name in ((by_cavage(*CAVAGE), "Signature"), (by_rfc9421(*RFC9421), "Signature-Input")):
        with pytest.raises(SignatureRefused, match="longer than 8192"):
            await accept(with_header(signing, name, "x" * 8193))
    with pytest.raises(SignatureRefused, match="target"):
        await accept(Request("GET", "/" + "x" * 8192, HEADERS))


async def test_of_several_signatures_one_that_counts_is_enough() -> None:
    ours = dict(by_rfc9421(*RFC9421).headers)
    theirs = dict(by_rfc9421("@method", key=SigningKey("https://proxy.example/key", ed25519_key().private)).headers)
    both = {
        name: theirs[name].replace("sig1=", "proxy=", 1) + ", " + ours[name]
        for name in ("Signature", "Signature-Input")
    }
    request = Request("POST", PLAIN.target, (*HEADERS, *both.items()), BODY)
    assert (await accept(request)).key_id == KEY_ID
    with pytest.raises(SignatureRefused):
        await accept(request, ed25519_key())
    # A key that may have changed says more than a key that nobody knows.
    with pytest.raises(WrongSignature):
        await accept(request, SigningKey(KEY_ID, rsa_key("stale").private))


def test_keys_that_no_signature_may_rest_on() -> None:
    for bits in (1024, 2047, 8193):
        weak = RSAPublicNumbers(65537, (1 << (bits - 1)) | 1).public_key()
        with pytest.raises(KeyRefused, match=f"{bits} bits"):
            public_key(public_pem(weak))
    with pytest.raises(KeyRefused, match="exponent"):
        strong(RSAPublicNumbers(2**40 + 1, (1 << 2047) | 1).public_key())
    with pytest.raises(KeyRefused, match="neither"):
        public_key(public_pem(ec.generate_private_key(ec.SECP256R1()).public_key()))  # type: ignore[arg-type]
    for text in ("", "no PEM", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "x" * 20_000, "é"):
        with pytest.raises(KeyRefused):
            public_key(text)
    assert public_key(rsa_key().public_pem) == rsa_key().private.public_key()


async def test_a_weak_key_is_refused_whoever_finds_it() -> None:
    class Weak:
        def public_key(self) -> object:
            return RSAPublicNumbers(65537, (1 << 1023) | 1).public_key()

    with pytest.raises(KeyRefused, match="1024 bits"):
        await accept(by_cavage(*CAVAGE), SigningKey(KEY_ID, Weak()))  # type: ignore[arg-type]


async def test_a_list_of_parameters_ends_with_one() -> None:
    request = by_cavage(*CAVAGE)
    for end in (",", ", ", " ,"):
        with pytest.raises(SignatureRefused, match=r"comma|parameters"):
            await accept(with_header(request, "Signature", dict(request.headers)["Signature"] + end))
