"""The headers that make a request of ours a signed one."""

from __future__ import annotations

import re
import secrets
from email.utils import formatdate
from urllib.parse import urlsplit

from artdagd_federation_l2.signatures import cavage, rfc9421
from artdagd_federation_l2.signatures.digests import content_digest, digest
from artdagd_federation_l2.signatures.keys import SigningKey
from artdagd_federation_l2.signatures.offers import Scheme
from artdagd_federation_l2.signatures.requests import Request, normal_authority

LIFETIME = 300

_URL = re.compile(r"https?://[!-~]+")


def signed_headers(
    method: str, url: str, body: bytes, key: SigningKey, *, scheme: Scheme, now: float
) -> dict[str, str]:
    """Host, date or digest as the scheme wants them, and the signature. Raises ValueError for a URL that can't be sent.

    What is sent has to be ``url`` and ``body`` to the byte. A POST, PUT or PATCH has a digest even without a body,
    as Mastodon asks for one. RFC 9421 signatures count for five minutes and carry a nonce.
    """
    target, authority, address_scheme = _parts(url)
    with_digest = bool(body) or method in ("POST", "PUT", "PATCH")
    headers = {"Host": authority}
    covered = ["@method", "@target-uri"] if scheme == "rfc9421" else ["(request-target)", "host", "date"]
    if scheme == "cavage":
        headers["Date"] = formatdate(now, usegmt=True)
    if with_digest and scheme == "cavage":
        headers["Digest"] = digest(body)
        covered.append("digest")
    elif with_digest:
        headers["Content-Digest"] = content_digest(body)
        covered.append("content-digest")
    request = Request(method, target, tuple(headers.items()), body, "https" if address_scheme == "https" else "http")
    request.check_line()
    if scheme == "cavage":
        return {**headers, "Signature": cavage.signature(request, covered, key)}
    made = {"created": int(now), "expires": int(now) + LIFETIME, "nonce": secrets.token_urlsafe(16)}
    return {**headers, **rfc9421.signature(request, covered, made, key)}


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    if not _URL.fullmatch(url) or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise ValueError("the address to sign for has to be http(s)://host/path?query, percent-encoded")
    target = (parts.path or "/") + ("?" + url.partition("?")[2] if "?" in url else "")
    return target, normal_authority(parts.netloc, parts.scheme), parts.scheme
