"""Why a signature, a digest or a key is not accepted."""

from __future__ import annotations


class SignatureRefused(Exception):
    """A request whose signature does not count: ``reason`` says why, in words fit for the peer and the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyRefused(SignatureRefused):
    """A public key that no signature may rest on: unreadable, of another kind, too weak or too large."""


class WrongSignature(SignatureRefused):
    """All is in order but the key does not fit. The peer may have a new one: fetch ``key_id`` anew, once."""

    def __init__(self, key_id: str) -> None:
        super().__init__("the signature was not made with the key that the request names")
        self.key_id = key_id


class ReplaysFull(SignatureRefused):
    """A true signature that can't be remembered now: worth a 503, as it may be tried again later."""
