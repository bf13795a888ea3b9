"""The one door for signed requests that come in, whichever scheme they are signed by."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from artdagd_federation_l2.signatures import cavage, rfc9421
from artdagd_federation_l2.signatures.algorithms import algorithms_of, fits
from artdagd_federation_l2.signatures.demands import check_coverage, counts_until
from artdagd_federation_l2.signatures.keys import PublicKey, strong
from artdagd_federation_l2.signatures.offers import Offer, Scheme
from artdagd_federation_l2.signatures.refusals import SignatureRefused, WrongSignature
from artdagd_federation_l2.signatures.replays import Replays
from artdagd_federation_l2.signatures.requests import Request, normal_authority

FindKey = Callable[[str], Awaitable[PublicKey]]


class Signed(msgspec.Struct, frozen=True):
    """Who signed a request. ``key_id`` names the key: that it is the actor's the caller has to check."""

    key_id: str
    scheme: Scheme
    unique: str
    expires: float


async def verified(request: Request, find_key: FindKey, *, now: float, replay: Replays, authority: str) -> Signed:
    """The first signature of ``request`` that counts, noted in ``replay``. Raises SignatureRefused.

    ``find_key`` is asked for at most four key ids, each after all else of its signature was in order; what it raises
    besides SignatureRefused goes through. ``now`` is in Unix seconds; ``authority`` is this server's own
    ``host[:port]``. WrongSignature (a kind of SignatureRefused) from a key that was cached is worth one more call with
    a ``find_key`` that fetches it anew: a peer may have changed its key.
    """
    request.check_line()
    if request.authority != normal_authority(authority, request.scheme):
        raise SignatureRefused("the request is meant for another host")
    refusal: SignatureRefused | None = None
    for offer in _offers(request):
        try:
            return await _accepted(offer, request, find_key, now, replay)
        except SignatureRefused as error:
            refusal = error if refusal is None or isinstance(error, WrongSignature) else refusal
    raise refusal or SignatureRefused("the request is not signed")


def _offers(request: Request) -> list[Offer | SignatureRefused]:
    if request.field("signature") is None:
        raise SignatureRefused("the request is not signed")
    if request.field("signature-input") is not None:
        return rfc9421.offered(request)
    return [cavage.offered(request)]


async def _accepted(
    offer: Offer | SignatureRefused, request: Request, find_key: FindKey, now: float, replay: Replays
) -> Signed:
    if isinstance(offer, SignatureRefused):
        raise offer
    check_coverage(offer, request)
    expires = counts_until(offer, request, now)
    key = strong(await find_key(offer.key_id))
    if set(offer.algorithms).isdisjoint(algorithms_of(key)):
        raise SignatureRefused(
            f"the algorithm that the signature names is not the key's: {', '.join(algorithms_of(key))}"
        )
    if not fits(key, offer.algorithms, offer.base, offer.signature):
        raise WrongSignature(offer.key_id)
    # By key and signed bytes: the key id of a draft-cavage signature is not signed, and PSS signs the same twice.
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    unique = hashlib.sha256(public + offer.base).hexdigest()
    replay.remember(unique, offer.key_id, expires, now)
    return Signed(key_id=offer.key_id, scheme=offer.scheme, unique=unique, expires=expires)
