"""HTTP signatures as the fediverse speaks them: draft-cavage-http-signatures-12, in the header ``Signature``."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from artdagd_federation_l2.signatures.algorithms import ED25519, RSA, algorithms_of, sign
from artdagd_federation_l2.signatures.keys import SigningKey
from artdagd_federation_l2.signatures.offers import COVERED_MAX, KEY_ID_MAX, SIGNATURE_MAX, Offer
from artdagd_federation_l2.signatures.refusals import SignatureRefused
from artdagd_federation_l2.signatures.requests import Request

# hs2019 leaves the algorithm to the key; the fediverse means RSA with SHA-256 (PKCS #1 v1.5) by it when the key is RSA.
_ALGORITHMS = {"rsa-sha256": (RSA,), "hs2019": (RSA, ED25519), "ed25519": (ED25519,)}
_PARAMETERS = {"keyId", "algorithm", "headers", "signature", "created", "expires"}
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]{1,32})=(?:"([^"\\]*)"|([0-9]{1,15}))[ \t]*(?:,|$)')
_HEADERS = re.compile(r"[!-~]+(?: [!-~]+)*")


def offered(request: Request) -> Offer:
    """The signature in ``Signature``. Raises SignatureRefused for one that can't be read without doubt."""
    given = _parameters(request.field("signature") or "")
    if not {"keyId", "signature"} <= given.keys():
        raise SignatureRefused("Signature lacks keyId or signature")
    algorithm = given.get("algorithm", "hs2019")
    if algorithm not in _ALGORITHMS:
        raise SignatureRefused("Signature names an algorithm that is not accepted: rsa-sha256 and hs2019 are")
    key_id = given["keyId"]
    if not 0 < len(key_id) <= KEY_ID_MAX:
        raise SignatureRefused("keyId is empty or too long")
    covered = _covered(given.get("headers", "date"))
    if algorithm != "hs2019" and not {"(created)", "(expires)"}.isdisjoint(covered):
        raise SignatureRefused(f"(created) and (expires) can't be covered with {algorithm} (2.3 of the draft)")
    return Offer(
        scheme="cavage",
        key_id=key_id,
        algorithms=_ALGORITHMS[algorithm],
        covers=frozenset(covered) | _aspects(covered),
        base=signing_string(request, covered, given),
        signature=_signature(given["signature"]),
        created=int(given["created"]) if "(created)" in covered else None,
        expires=int(given["expires"]) if "(expires)" in covered else None,
    )


def signing_string(request: Request, covered: Sequence[str], given: dict[str, str]) -> bytes:
    """Section 2.3 of the draft. Raises SignatureRefused for what is covered but was not sent."""
    lines = []
    for name in covered:
        if name == "(request-target)":
            value = f"{request.method.lower()} {request.target}"
        elif name in ("(created)", "(expires)"):
            value = given.get(name[1:-1], "")
            if not value.isdecimal() or len(value) > 15:
                raise SignatureRefused(f"{name} is covered but is no number of seconds")
        else:
            value = request.covered_field(name)
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode("ascii")


def signature(request: Request, covered: Sequence[str], key: SigningKey) -> str:
    """The value of ``Signature`` over what is ``covered``."""
    made = base64.b64encode(sign(key.private, signing_string(request, covered, {}))).decode()
    algorithm = "rsa-sha256" if RSA in algorithms_of(key.private) else "hs2019"
    return f'keyId="{key.key_id}",algorithm="{algorithm}",headers="{" ".join(covered)}",signature="{made}"'


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text) or not found:
        match = _PARAMETER.match(text, at)
        if not match:
            raise SignatureRefused("Signature is no list of parameters as draft-cavage-http-signatures-12 has them")
        name, quoted, number = match.groups()
        # The draft would have what is unknown ignored; to refuse it leaves no byte of the header without weight.
        if name in found or name not in _PARAMETERS:
            raise SignatureRefused(f"Signature has {name} twice, or it is no parameter of a signature")
        found[name] = number if quoted is None else quoted
        at = match.end()
    if text.rstrip(" \t").endswith(","):
        raise SignatureRefused("Signature ends in a comma")
    return found


def _covered(text: str) -> list[str]:
    names = text.split(" ")
    if not _HEADERS.fullmatch(text) or len(names) > COVERED_MAX:
        raise SignatureRefused("headers is no list of names, or too long")
    if len(set(names)) < len(names):
        raise SignatureRefused("headers has a name twice")
    return names


def _aspects(covered: Sequence[str]) -> set[str]:
    aspects = {"@method", "@target"} if "(request-target)" in covered else set()
    return aspects | ({"@authority"} if "host" in covered else set())


def _signature(text: str) -> bytes:
    try:
        plain = base64.b64decode(text, validate=True)
    except ValueError:
        plain = b""
    # One spelling only: else the same signature could be shown in several.
    if not plain or base64.b64encode(plain).decode() != text or len(plain) > SIGNATURE_MAX:
        raise SignatureRefused("signature is not base64, empty or too long")
    return plain
