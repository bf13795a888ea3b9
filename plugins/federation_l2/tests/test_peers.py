"""Signed requests between us and two libraries of others, in both directions: apsig and http-message-signatures."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
from apsig.draft import Signer, Verifier
from apsig.rfc9421 import RFC9421Signer, RFC9421Verifier
from artdagd_federation_l2.signatures import Request, SignatureRefused, SigningKey, rfc9421
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519, RSA_PSS_SHA512, RSA_V1_5_SHA256
from signed import AUTHORITY, BODY, KEY_ID, URL, accept, arrived, ed25519_key, rsa_key, signed

INBOX = f"https://{AUTHORITY}/inbox"
COVERED = ("@method", "@target-uri", "@authority")
WHOLE = {RSA_V1_5_SHA256: rsa_key, RSA_PSS_SHA512: rsa_key, ED25519: ed25519_key}


class Message:
    """A request as http-message-signatures wants it."""

    def __init__(self, method: str, url: str, headers: dict[str, str]) -> None:
        self.method, self.url, self.headers = method, url, headers


def resolver(key: SigningKey) -> MappingKeyResolver:
    return MappingKeyResolver(
        public_keys={key.key_id: key.private.public_key()}, private_keys={key.key_id: key.private}
    )


@pytest.mark.parametrize("algorithm", WHOLE)
@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("GET", b"")])
async def test_we_accept_what_http_message_signatures_signs(algorithm: Any, method: str, body: bytes) -> None:
    key = WHOLE[algorithm]()
    message = Message(method, URL, {"Host": AUTHORITY})
    signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=resolver(key))
    now = datetime.datetime.now(datetime.UTC)
    signer.sign(
        message,
        key_id=key.key_id,
        created=now,
        expires=now + datetime.timedelta(minutes=50),
        nonce="n-1",
        tag="artdagd",
        covered_component_ids=COVERED,
        body=body or None,
    )
    request = arrived(method, URL, message.headers, body)
    who = await accept(request, now=time.time() + 2400)
    assert (who.key_id, who.scheme) == (key.key_id, "rfc9421")
    with pytest.raises(SignatureRefused):
        await accept(arrived(method, URL + "1", message.headers, body), now=time.time())


@pytest.mark.parametrize("key", [rsa_key, ed25519_key])
@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("GET", b"")])
def test_http_message_signatures_accepts_what_we_sign(key: Any, method: str, body: bytes) -> None:
    request = signed("rfc9421", method, body=body, key=key(), at=time.time())
    algorithm = RSA_V1_5_SHA256 if key is rsa_key else ED25519
    verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=resolver(key()))
    wanted = COVERED[:2]
    verifier.verify(Message(method, URL, dict(request.headers)), require_components=wanted, body=body or None)
    with pytest.raises(InvalidSignature):
        verifier.verify(Message(method, URL + "1", dict(request.headers)), require_components=wanted)


# apsig leaves the query out of a draft-cavage target, as Fedify does.
@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("GET", b"")])
async def test_draft_cavage_with_apsig(method: str, body: bytes) -> None:
    made = Signer({"Host": AUTHORITY}, rsa_key().private, method, INBOX, KEY_ID, body).sign()  # type: ignore[arg-type]
    who = await accept(arrived(method, INBOX, made, body), now=time.time())
    assert (who.key_id, who.scheme) == (KEY_ID, "cavage")

    ours = dict(signed("cavage", method, INBOX, body, at=time.time()).headers)
    pem = rsa_key().public_pem
    assert Verifier(pem, method, INBOX, ours, body).verify() == KEY_ID
    assert Verifier(pem, method, INBOX + "2", ours, body).verify() is None
    if body:
        assert Verifier(pem, method, INBOX, ours, body + b" ").verify() is None


async def test_rfc9421_with_apsig() -> None:
    # apsig gives a body no Content-Digest that RFC 9530 would know, and does not cover it: a GET is all we can take.
    signer = RFC9421Signer(rsa_key().private, KEY_ID)  # type: ignore[arg-type]
    made = signer.sign("GET", "/inbox", AUTHORITY, {"Content-Type": "application/json"})
    who = await accept(arrived("GET", INBOX, {"Host": AUTHORITY, **made}, b""), now=time.time())
    assert (who.key_id, who.scheme) == (KEY_ID, "rfc9421")
    posted = signer.sign("POST", "/inbox", AUTHORITY, {"Content-Type": "application/json"}, BODY)
    with pytest.raises(SignatureRefused, match="digest of the body"):
        await accept(arrived("POST", INBOX, {"Host": AUTHORITY, **posted}, BODY), now=time.time())

    # Nor does it know @target-uri, which we sign: the same signer of ours, over what it knows, in the one order of
    # parameters that it looks for.
    line = ("POST", "/inbox", AUTHORITY)
    request = Request("POST", "/inbox", (("Host", AUTHORITY),))
    for key in (rsa_key(), ed25519_key()):
        ours = rfc9421.signature(request, ["@method", "@path", "@authority"], {"created": int(time.time())}, key)
        public = key.private.public_key()
        assert RFC9421Verifier(public, *line, ours).verify() == key.key_id
        assert RFC9421Verifier(public, "POST", "/other", AUTHORITY, ours).verify() is None
