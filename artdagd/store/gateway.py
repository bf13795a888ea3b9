"""A trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway): single blocks by CID, to be verified."""

from __future__ import annotations

from urllib.parse import urljoin

from artdagd.cid import CID
from artdagd.hooks import Outbound, OutboundFailed, OutboundRefused

BLOCK = 2 << 20
"""Bytes of the largest block: IPFS nodes exchange no larger ones."""

SECONDS = 30.0
"""Seconds that one block may take."""

REDIRECTS = 3


class Gateway:
    """A :class:`artdagd.hooks.BlockSource` at ``address`` (``https://ipfs.io/ipfs``), called by the rules for outbound
    requests."""

    def __init__(self, outbound: Outbound, address: str) -> None:
        self._outbound = outbound
        self._address = address.rstrip("/")

    async def block(self, cid: str) -> bytes:
        """One block, unverified. Raises FileNotFoundError if the gateway does not find it, OSError for all else."""
        url = f"{self._address}/{CID.parse(cid)}?format=raw"
        for _ in range(REDIRECTS + 1):
            try:
                answer = await self._outbound.request(
                    "GET", url, headers={"Accept": "application/vnd.ipld.raw"}, limit=BLOCK, seconds=SECONDS
                )
            except (OutboundFailed, OutboundRefused) as error:
                raise OSError(f"the gateway: {error}") from None
            if answer.status not in (301, 302, 303, 307, 308):
                break
            url = urljoin(url, answer.headers.get("location", ""))
        if answer.status in (404, 410):
            raise FileNotFoundError(cid)
        if answer.status != 200:
            raise OSError(f"the gateway answered {answer.status}")
        return answer.body
