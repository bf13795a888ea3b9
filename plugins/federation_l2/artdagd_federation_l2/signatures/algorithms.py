"""Signature algorithms. The key decides which may be used; what a request names can only narrow that."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from artdagd_federation_l2.signatures.keys import PrivateKey, PublicKey

RSA = "rsa-v1_5-sha256"
RSA_PSS = "rsa-pss-sha512"
ED25519 = "ed25519"


def algorithms_of(key: PublicKey | PrivateKey) -> tuple[str, ...]:
    """What a key of this kind may be used with, under the names of RFC 9421 (6.2.2): the one to sign with first."""
    return (RSA, RSA_PSS) if isinstance(key, RSAPublicKey | RSAPrivateKey) else (ED25519,)


def sign(key: PrivateKey, base: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), or Ed25519 (RFC 8032)."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(base, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(base)


def fits(key: PublicKey, names: Sequence[str], base: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``base`` under one of ``names``, of which the key's kind allows some."""
    return any(_fits(key, name, base, signature) for name in names if name in algorithms_of(key))


def _fits(key: PublicKey, name: str, base: bytes, signature: bytes) -> bool:
    try:
        if not isinstance(key, RSAPublicKey):
            key.verify(signature, base)
        elif name == RSA:
            key.verify(signature, base, padding.PKCS1v15(), hashes.SHA256())
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
            key.verify(signature, base, pss, hashes.SHA512())
    except InvalidSignature:
        return False
    return True
