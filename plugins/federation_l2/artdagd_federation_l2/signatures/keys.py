"""Keys that sign requests: made, kept in a file, read from what a peer publishes."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from artdagd.hooks import kept_secret
from artdagd_federation_l2.signatures.refusals import KeyRefused

RSA_BITS = 2048
RSA_BITS_MAX = 8192
RSA_EXPONENT_MAX = 2**32
PEM_MAX = 16_384

PublicKey = RSAPublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | Ed25519PrivateKey


class SigningKey(msgspec.Struct, frozen=True):
    """A private key and the address (``https://node/actor#main-key``) at which a peer finds its public half."""

    key_id: str
    private: PrivateKey

    @property
    def public_pem(self) -> str:
        """The public half as an actor document's ``publicKeyPem`` holds it."""
        return public_pem(self.private.public_key())


def public_pem(key: PublicKey) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(pem: str | bytes) -> PublicKey:
    """The RSA or Ed25519 key that a peer publishes in PEM. Raises KeyRefused."""
    if len(pem) > PEM_MAX:
        raise KeyRefused(f"the public key is longer than {PEM_MAX} characters")
    try:
        key = load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("the public key is no PEM that can be read") from None
    return strong(key)


def strong(key: object) -> PublicKey:
    """The key itself, if a signature may rest on it: Ed25519, or RSA of 2048 to 8192 bits. Raises KeyRefused.

    The bounds on RSA's size and exponent are also a bound on the work of one verification.
    """
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise KeyRefused("the public key is neither RSA nor Ed25519")
    if not RSA_BITS <= key.key_size <= RSA_BITS_MAX:
        raise KeyRefused(f"the RSA key has {key.key_size} bits: {RSA_BITS} to {RSA_BITS_MAX} are accepted")
    if not 3 <= key.public_numbers().e <= RSA_EXPONENT_MAX:
        raise KeyRefused("the RSA key has an exponent that is not accepted")
    return key


def kept_key(file: Path) -> RSAPrivateKey:
    """The RSA key in ``file`` (PKCS #8 in PEM, mode 0600), made on first use and written whole or not at all.

    Two that make it at once agree on one key. Raises OSError, and ValueError for a file that holds no such key.
    """
    text = kept_secret(file, _made)
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{file} holds no private key in PEM: restore it, or delete it to make a new one") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{file} holds a key that is not RSA: restore it, or delete it to make a new one")
    return key


def _made() -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
