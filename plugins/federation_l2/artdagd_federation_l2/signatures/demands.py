"""What a signature has to cover, and when it counts."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from artdagd_federation_l2.signatures.digests import check_content_digest, check_digest
from artdagd_federation_l2.signatures.offers import Offer
from artdagd_federation_l2.signatures.refusals import SignatureRefused
from artdagd_federation_l2.signatures.requests import Request

SKEW = 300.0
LIFETIME = 3_600.0

_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)
_DIGESTS = {"digest": check_digest, "content-digest": check_content_digest}


def check_coverage(offer: Offer, request: Request) -> None:
    """Raises SignatureRefused unless method, target, authority, a time, and of a body a true digest are covered."""
    for aspect in ("@method", "@target", "@authority"):
        if aspect not in offer.covers:
            raise SignatureRefused(f"the signature does not cover the request's {aspect[1:]}")
    if offer.created is None and "date" not in offer.covers:
        raise SignatureRefused("the signature covers neither a date nor when it was made")
    covered = _DIGESTS.keys() & offer.covers
    if request.body and not covered:
        raise SignatureRefused("the signature covers no digest of the body")
    for name in covered:
        _DIGESTS[name](request.covered_field(name), request.body)


def counts_until(offer: Offer, request: Request, now: float) -> float:
    """Until when (Unix seconds) the signature would be accepted. Raises SignatureRefused for one that is not, now.

    ``Date`` and ``created`` may be five minutes off either way; an ``expires`` lets ``created`` be older, by an hour
    at most.
    """
    ends = []
    if "date" in offer.covers:
        date = _date(request.covered_field("date"))
        _check_future(date, now)
        ends.append(date + SKEW)
    if offer.created is not None:
        _check_future(offer.created, now)
        if offer.expires is None:
            ends.append(offer.created + SKEW)
    if offer.expires is not None:
        made = ends[0] - SKEW if offer.created is None else offer.created
        if not made <= offer.expires <= made + LIFETIME:
            raise SignatureRefused("the signature expires before it was made, or more than an hour later")
        ends.append(offer.expires)
    if now > min(ends):
        raise SignatureRefused("the signature is too old: is a clock wrong?")
    return min(ends)


def _check_future(made: float, now: float) -> None:
    if made > now + SKEW:
        raise SignatureRefused("the signature is from the future: is a clock wrong?")


def _date(text: str) -> float:
    """Seconds of an IMF-fixdate (RFC 9110, 5.6.7)."""
    if not _DATE.fullmatch(text):
        raise SignatureRefused("Date is not as RFC 9110 writes it")
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        raise SignatureRefused("Date is no date") from None
