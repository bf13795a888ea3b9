"""Requests that the node signs, in whichever scheme the other side takes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from artdagd.hooks import Outbound, OutboundAnswer
from artdagd_federation_l2.node.addresses import origin
from artdagd_federation_l2.node.own import Own
from artdagd_federation_l2.signatures import Scheme, signed_headers

ACTIVITY = "application/activity+json"
JSON = "application/json"

PEERS = 1_000
"""Servers whose scheme is remembered; the one that showed it longest ago is forgotten first."""

LONGEST_WAIT = 86_400
"""Seconds of a ``Retry-After`` that are believed."""


class Sender:
    """Signs with the node's key and sends.

    A server is tried with draft-cavage first, as the fediverse speaks it; one that answers 401 to it is tried with
    RFC 9421 (which Fedify's manual calls double-knocking), and so is, from then on, one that asks for that by
    ``Accept-Signature`` (RFC 9421, 5.1).
    """

    def __init__(self, own: Own, outbound: Outbound) -> None:
        self._own = own
        self._outbound = outbound
        self._schemes: OrderedDict[str, Scheme] = OrderedDict()

    async def send(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        takes: str = JSON,
        gives: str = JSON,
        seconds: float = 10.0,
        first: Scheme = "cavage",
    ) -> OutboundAnswer:
        """The answer, whatever its status, of 256 KiB at most. ``gives`` is the body's media type, ``takes`` that of
        the answer; ``first`` is for a server that has not shown what it takes.

        Raises OutboundRefused, OutboundFailed, and ValueError for an address that can't be sent.
        """
        deadline = time.monotonic() + seconds
        scheme = self._schemes.get(origin(url), first)
        answer = await self._once(method, url, body, takes, gives, seconds, scheme)
        if answer.status == 401 and (left := deadline - time.monotonic()) > 0:
            other: Scheme = "rfc9421" if scheme == "cavage" else "cavage"
            again = await self._once(method, url, body, takes, gives, left, other)
            if again.status != 401:
                self._remember(origin(url), other)
                return again
        elif "accept-signature" in answer.headers:
            self._remember(origin(url), "rfc9421")
        return answer

    async def _once(
        self, method: str, url: str, body: bytes, takes: str, gives: str, seconds: float, scheme: Scheme
    ) -> OutboundAnswer:
        headers = {"Accept": takes, **({"Content-Type": gives} if body else {})}
        headers |= signed_headers(method, url, body, await self._own.key(), scheme=scheme, now=time.time())
        return await self._outbound.request(method, url, headers=headers, body=body, seconds=seconds)

    def _remember(self, server: str, scheme: Scheme) -> None:
        self._schemes[server] = scheme
        self._schemes.move_to_end(server)
        if len(self._schemes) > PEERS:
            self._schemes.popitem(last=False)


def retry_after(headers: Mapping[str, str], default: int) -> int:
    """Seconds to wait (RFC 9110, 10.2.3): a number or a date; from 1 to a day."""
    text = headers.get("retry-after", "").strip()
    seconds: float = default
    if text.isascii() and text.isdigit():
        seconds = int(text[:12])
    elif text:
        try:
            date = parsedate_to_datetime(text)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
        except (ValueError, OverflowError):
            seconds = default
    return round(min(max(seconds, 1), LONGEST_WAIT))


def date_of(headers: Mapping[str, str]) -> float:
    """The second in which the other side answered, by its own clock (RFC 9110, 6.6.1); 0 if it does not say."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return 0.0
