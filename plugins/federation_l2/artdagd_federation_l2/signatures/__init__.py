"""Signed HTTP requests, out and in: draft-cavage as the fediverse speaks it, and RFC 9421. No I/O but the key file."""

from __future__ import annotations

from artdagd_federation_l2.signatures.keys import PrivateKey, PublicKey, SigningKey, kept_key, public_key, public_pem
from artdagd_federation_l2.signatures.offers import Scheme
from artdagd_federation_l2.signatures.refusals import KeyRefused, ReplaysFull, SignatureRefused, WrongSignature
from artdagd_federation_l2.signatures.replays import Replays
from artdagd_federation_l2.signatures.requests import Request
from artdagd_federation_l2.signatures.signing import signed_headers
from artdagd_federation_l2.signatures.verifying import FindKey, Signed, verified

__all__ = [
    "FindKey",
    "KeyRefused",
    "PrivateKey",
    "PublicKey",
    "Replays",
    "ReplaysFull",
    "Request",
    "Scheme",
    "SignatureRefused",
    "Signed",
    "SigningKey",
    "WrongSignature",
    "kept_key",
    "public_key",
    "public_pem",
    "signed_headers",
    "verified",
]
