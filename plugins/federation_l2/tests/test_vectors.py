"""What the specifications print: RFC 9421, appendix B, and draft-cavage-http-signatures, appendix C."""

from __future__ import annotations

import base64

import pytest
from artdagd_federation_l2.signatures import (
    KeyRefused,
    Request,
    SignatureRefused,
    SigningKey,
    cavage,
    public_key,
    rfc9421,
)
from artdagd_federation_l2.signatures.algorithms import algorithms_of, fits
from artdagd_federation_l2.signatures.digests import check_content_digest, check_digest
from artdagd_federation_l2.signatures.offers import Offer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

# RFC 9421, B.1.2: test-key-rsa-pss.
RSA_PSS_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
"""
# RFC 9421, B.1.4: test-key-ed25519.
ED25519_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
ED25519_PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
# RFC 9421, B.2: test-request.
REQUEST = Request(
    "POST",
    "/foo?param=Value&Pet=dog",
    (
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("Content-Length", "18"),
    ),
    b'{"hello": "world"}',
)
B21 = (
    '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
    "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG"
    "52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVro"
    "gUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ"
    "98Xw9Q==",
)
B22_INPUT = (
    '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss"'
    ';tag="header-example"'
)
B23 = (
    '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")'
    ';created=1618884473;keyid="test-key-rsa-pss"',
    "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fU"
    "xN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA"
    "1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKE"
    "gM4cUA==",
)
B26 = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473'
    ';keyid="test-key-ed25519"',
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
)

# draft-cavage-http-signatures, appendix C: a key of 1024 bits, and what it signed in C.1 to C.3.
CAVAGE_KEY = b"""-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
"""
CAVAGE_REQUEST = Request(
    "POST",
    "/foo?param=value&pet=dog",
    (
        ("Host", "example.com"),
        ("Date", "Sun, 05 Jan 2014 21:31:40 GMT"),
        ("Content-Type", "application/json"),
        ("Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
        ("Content-Length", "18"),
    ),
    b'{"hello": "world"}',
)
CAVAGE = {
    None: "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q25WqS+lavg7T8hc"
    "0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5WozsbM=",
    "(request-target) host date": (
        "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+efkb3n"
        "ndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="
    ),
    "(request-target) host date content-type digest content-length": (
        "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48XaE"
        "RZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
    ),
}


def offered(request: Request, **headers: str) -> Offer | SignatureRefused:
    added = [(name.replace("_", "-"), value) for name, value in headers.items()]
    whole = Request(request.method, request.target, (*request.headers, *added), request.body)
    return rfc9421.offered(whole)[0] if "Signature_Input" in headers else cavage.offered(whole)


@pytest.mark.parametrize(("case", "key"), [(B21, RSA_PSS_KEY), (B23, RSA_PSS_KEY), (B26, ED25519_KEY)])
def test_rfc9421_appendix_b2(case: tuple[str, str], key: str) -> None:
    offer = offered(REQUEST, Signature_Input=f"sig-b2={case[0]}", Signature=f"sig-b2=:{case[1]}:")
    assert isinstance(offer, Offer)
    known = public_key(key)
    assert fits(known, algorithms_of(known), offer.base, offer.signature)
    assert not fits(known, algorithms_of(known), offer.base + b" ", offer.signature)
    assert offer.created == 1618884473


def test_rfc9421_b2_2_names_a_component_that_is_not_accepted() -> None:
    offer = offered(REQUEST, Signature_Input=f"sig-b22={B22_INPUT}", Signature=f"sig-b22=:{B21[1]}:")
    assert isinstance(offer, SignatureRefused)
    assert "parameters" in offer.reason


def test_rfc9421_b2_6_is_what_we_sign_too() -> None:
    private = load_pem_private_key(ED25519_PRIVATE, password=None)
    assert isinstance(private, Ed25519PrivateKey)
    covered = ["date", "@method", "@path", "@authority", "content-type", "content-length"]
    base = rfc9421.signature_base(REQUEST, covered, {"created": 1618884473, "keyid": "test-key-ed25519"})
    assert base64.b64encode(private.sign(base)).decode() == B26[1]
    made = rfc9421.signature(REQUEST, covered, {"created": 1618884473}, SigningKey("test-key-ed25519", private))
    assert made["Signature-Input"] == "sig1=" + B26[0].replace(";keyid", ';alg="ed25519";keyid')


@pytest.mark.parametrize("headers", CAVAGE)
def test_draft_cavage_appendix_c(headers: str | None) -> None:
    named = f'headers="{headers}",' if headers else ""
    offer = offered(
        CAVAGE_REQUEST, Signature=f'keyId="Test",algorithm="rsa-sha256",{named}signature="{CAVAGE[headers]}"'
    )
    assert isinstance(offer, Offer)
    assert offer.key_id == "Test"
    key = load_pem_public_key(CAVAGE_KEY)
    assert fits(key, offer.algorithms, offer.base, offer.signature)  # type: ignore[arg-type]
    assert not fits(key, offer.algorithms, offer.base + b" ", offer.signature)  # type: ignore[arg-type]


def test_the_key_of_the_draft_is_too_weak_to_be_believed() -> None:
    with pytest.raises(KeyRefused, match="1024 bits"):
        public_key(CAVAGE_KEY)


def test_the_digests_of_both() -> None:
    check_content_digest(dict(REQUEST.headers)["Content-Digest"], REQUEST.body)
    check_digest(dict(CAVAGE_REQUEST.headers)["Digest"], CAVAGE_REQUEST.body)
    # RFC 9530, B.1.
    check_content_digest("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", b'{"hello": "world"}\n')
    for value in ("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", "sha-256=RK", "md5=:RK/0:", "", "sha-256"):
        with pytest.raises(SignatureRefused, match="Content-Digest"):
            check_content_digest(value, b"{}")
