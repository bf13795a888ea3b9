"""CURVE keys for workers over TCP, from the key that names the trust domain. Who has the cluster key may work."""

from __future__ import annotations

import hashlib

import msgspec
import zmq
from zmq.utils import z85

from artdagd.errors import ConfigError

SHORTEST = 16


class KeyPair(msgspec.Struct, frozen=True):
    """Z85, as ZeroMQ takes them."""

    public: bytes
    secret: bytes


class ClusterKeys(msgspec.Struct, frozen=True):
    """The node's pair, and the pair that all of its workers share."""

    node: KeyPair
    worker: KeyPair

    @classmethod
    def of(cls, cluster_key: str) -> ClusterKeys:
        """Raises ConfigError for a key that could be guessed."""
        if len(cluster_key) < SHORTEST:
            raise ConfigError(
                f"workers over tcp need ARTDAG_CLUSTER_KEY, with at least {SHORTEST} characters",
                advice="Set the same one for the node and its workers; `openssl rand -hex 32` makes one.",
            )
        return cls(_pair(cluster_key, b"artdagd node"), _pair(cluster_key, b"artdagd worker"))


def _pair(cluster_key: str, role: bytes) -> KeyPair:
    # scrypt makes trying out passphrases expensive, here 16 MiB and some 50 ms for each.
    secret = z85.encode(hashlib.scrypt(cluster_key.encode(), salt=role, n=1 << 14, r=8, p=1, dklen=32))
    return KeyPair(zmq.curve_public(secret), secret)
