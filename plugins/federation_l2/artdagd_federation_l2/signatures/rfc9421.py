"""HTTP Message Signatures, RFC 9421, in the headers ``Signature-Input`` and ``Signature``."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import http_sf

from artdagd_federation_l2.signatures.algorithms import ED25519, RSA, RSA_PSS, algorithms_of, sign
from artdagd_federation_l2.signatures.digests import dictionary
from artdagd_federation_l2.signatures.keys import SigningKey
from artdagd_federation_l2.signatures.offers import COVERED_MAX, KEY_ID_MAX, SIGNATURE_MAX, Offer
from artdagd_federation_l2.signatures.refusals import SignatureRefused
from artdagd_federation_l2.signatures.requests import Request

SIGNATURES_MAX = 4
TEXT_MAX = 256
LABEL = "sig1"

_ALGORITHMS = (RSA, RSA_PSS, ED25519)
_NUMBERS = ("created", "expires")
_TEXTS = {"keyid": KEY_ID_MAX, "nonce": TEXT_MAX, "tag": TEXT_MAX, "alg": TEXT_MAX}


def offered(request: Request) -> list[Offer | SignatureRefused]:
    """The signatures that a request offers, in their order; one that can't be used is there as the reason why.

    Raises SignatureRefused if the two headers can't be read at all, or hold more than four signatures.
    """
    inputs = dictionary("Signature-Input", request.field("signature-input") or "")
    text = request.field("signature") or ""
    signatures = dictionary("Signature", text)
    if not inputs or len(inputs) > SIGNATURES_MAX or len(signatures) > SIGNATURES_MAX:
        raise SignatureRefused(f"Signature-Input and Signature have to hold 1 to {SIGNATURES_MAX} signatures")
    offers: list[Offer | SignatureRefused] = []
    for label, (components, parameters) in inputs.items():
        try:
            made = _signature(label, signatures.get(label, (None, {}))[0], text)
            offers.append(_offer(request, label, components, parameters, made))
        except SignatureRefused as refusal:
            offers.append(refusal)
    return offers


def signature_base(request: Request, covered: Sequence[str], parameters: dict[str, Any]) -> bytes:
    """Section 2.5, for components without parameters. Raises SignatureRefused for what is unknown or was not sent."""
    lines = [f'"{name}": {_component(request, name)}' for name in covered]
    return "\n".join([*lines, f'"@signature-params": {_serialised(covered, parameters)}']).encode("ascii")


def signature(request: Request, covered: Sequence[str], parameters: dict[str, Any], key: SigningKey) -> dict[str, str]:
    """The two headers, signed over ``covered``; ``alg`` and ``keyid`` are added to the parameters."""
    whole = {**parameters, "alg": algorithms_of(key.private)[0], "keyid": key.key_id}
    made = sign(key.private, signature_base(request, covered, whole))
    return {
        "Signature-Input": f"{LABEL}={_serialised(covered, whole)}",
        "Signature": http_sf.ser({LABEL: made}),
    }


def _offer(request: Request, label: str, components: Any, parameters: dict[str, Any], made: bytes) -> Offer:
    covered = _covered(label, components)
    for name, value in parameters.items():
        if name in _NUMBERS:
            if type(value) is not int or value < 0:
                raise SignatureRefused(f"{label}: {name} is no number of seconds")
        elif name not in _TEXTS:
            raise SignatureRefused(f"{label}: {name} is no parameter of a signature")
        elif type(value) is not str or not 0 < len(value) <= _TEXTS[name]:
            raise SignatureRefused(f"{label}: {name} is no text, empty or too long")
    if "keyid" not in parameters:
        raise SignatureRefused(f"{label}: keyid is missing")
    return Offer(
        scheme="rfc9421",
        key_id=parameters["keyid"],
        algorithms=(parameters["alg"],) if "alg" in parameters else _ALGORITHMS,
        covers=frozenset(covered) | _aspects(request, covered),
        base=signature_base(request, covered, parameters),
        signature=made,
        created=parameters.get("created"),
        expires=parameters.get("expires"),
    )


def _covered(label: str, components: Any) -> list[str]:
    if not isinstance(components, list) or len(components) > COVERED_MAX:
        raise SignatureRefused(f"{label}: no list of components, or more than {COVERED_MAX}")
    names = []
    for name, parameters in components:
        if type(name) is not str or parameters:
            raise SignatureRefused(f"{label}: components with parameters are not accepted")
        names.append(name)
    if len(set(names)) < len(names):
        raise SignatureRefused(f"{label}: a component is there twice")
    return names


def _component(request: Request, name: str) -> str:
    """Sections 2.1 and 2.2."""
    path, _, query = request.target.partition("?")
    match name:
        case "@method":
            return request.method
        case "@target-uri":
            return f"{request.scheme}://{request.authority}{request.target}"
        case "@authority":
            return request.authority
        case "@scheme":
            return request.scheme
        case "@request-target":
            return request.target
        case "@path":
            return path
        case "@query":
            return f"?{query}"
    if name.startswith("@"):
        raise SignatureRefused(f"the component {name[:64]} is not accepted")
    return request.covered_field(name)


def _aspects(request: Request, covered: Sequence[str]) -> set[str]:
    """What the components amount to: ``@query`` may be left out where there is none."""
    aspects = {"@method"} if "@method" in covered else set()
    if not {"@target-uri", "@authority", "host"}.isdisjoint(covered):
        aspects.add("@authority")
    whole = "@query" in covered or "?" not in request.target
    if not {"@target-uri", "@request-target"}.isdisjoint(covered) or ("@path" in covered and whole):
        aspects.add("@target")
    return aspects


def _serialised(covered: Sequence[str], parameters: dict[str, Any]) -> str:
    """The inner list with its parameters, as section 2.3 wants it."""
    inner: Any = ([(name, {}) for name in covered], parameters)
    return http_sf.ser({"x": inner}).removeprefix("x=")


def _signature(label: str, made: object, text: str) -> bytes:
    if not isinstance(made, bytes) or not 0 < len(made) <= SIGNATURE_MAX:
        raise SignatureRefused(f"{label}: there is no signature under that label, or it is too long")
    # One spelling only: else the same signature could be shown in several.
    if f":{base64.b64encode(made).decode()}:" not in text:
        raise SignatureRefused(f"{label}: the signature is not base64 in its canonical form")
    return made
