"""Signed requests between us and Fedify, in both directions."""

from __future__ import annotations

import base64
import time
from typing import get_args

from artdagd_federation_l2.signatures import Request, Scheme, SigningKey
from fedify_peer import answers, sign_job, verify_job
from signed import AUTHORITY, BODY, KEY_ID, URL, accept, arrived, rsa_key, signed

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
INBOX = f"https://{AUTHORITY}/inbox"
JSON = {"Content-Type": "application/activity+json"}


def test_fedify_accepts_what_we_sign_and_refuses_what_was_changed() -> None:
    now = time.time()
    forger = SigningKey(KEY_ID, rsa_key("stale").private)
    jobs = []
    for scheme in SCHEMES:
        # Fedify leaves the query out of a draft-cavage target: it can't check a request that has one.
        posted, fetched = (
            signed(scheme, "POST", INBOX, at=now),
            signed(scheme, "GET", URL if scheme == "rfc9421" else INBOX, b"", at=now),
        )
        jobs += [verify_job(scheme, INBOX, posted, rsa_key())]
        jobs += [verify_job(scheme, URL if scheme == "rfc9421" else INBOX, fetched, rsa_key())]
        other = Request(posted.method, posted.target, posted.headers, BODY + b" ")
        jobs += [verify_job(scheme, INBOX, other, rsa_key())]
        jobs += [verify_job(scheme, f"https://{AUTHORITY}/other", posted, rsa_key())]
        jobs += [verify_job(scheme, INBOX, signed(scheme, url=INBOX, key=forger, at=now), rsa_key())]
        jobs += [verify_job(scheme, INBOX, signed(scheme, url=INBOX, at=now - 600), rsa_key())]
    found = [answer["keyId"] for answer in answers(jobs)]
    assert found == [KEY_ID, KEY_ID, None, None, None, None] * len(SCHEMES)


async def test_we_accept_what_fedify_signs() -> None:
    calls = [
        (scheme, method, url, body, extra)
        for scheme in SCHEMES
        for method, url, body, extra in [
            ("POST", INBOX, BODY, {}),
            ("GET", INBOX, b"", {}),
            ("POST", INBOX, BODY, {"nonce": "n-1", "expires": True, "label": "other", "tag": "fedify"}),
        ]
    ]
    calls.append(("rfc9421", "GET", URL, b"", {}))
    found = answers(
        [sign_job(scheme, method, url, JSON, body, rsa_key(), **more) for scheme, method, url, body, more in calls]
    )
    for (scheme, method, url, body, _), answer in zip(calls, found, strict=True):
        assert base64.b64decode(answer["body"]) == body
        request = arrived(method, url, dict(answer["headers"]), body)
        who = await accept(request, now=time.time())
        assert (who.key_id, who.scheme) == (KEY_ID, scheme)
