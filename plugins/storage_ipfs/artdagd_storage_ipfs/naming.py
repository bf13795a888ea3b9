"""What a CID says of itself (specs.ipfs.tech, CIDv0 and CIDv1): as much as the commands of an IPFS node need."""

from __future__ import annotations

import base64
import re

import msgspec

RAW, DAG_PB = 0x55, 0x70
_CODECS = {RAW: "raw", DAG_PB: "dag-pb", 0x71: "dag-cbor", 0x0129: "dag-json"}
_V1 = re.compile(r"b[a-z2-7]{50,70}")
_V0 = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}")


class Name(msgspec.Struct, frozen=True):
    """A CID: its ``text`` in base32 (``Qm…`` for version 0), and its codec."""

    text: str
    codec: int

    @property
    def pin(self) -> str:
        """How it is pinned: a file with all its blocks, a value alone, as its links lead to what is none of its own."""
        return "recursive" if self.codec in (RAW, DAG_PB) else "direct"

    @property
    def codec_name(self) -> str:
        return _CODECS[self.codec]


def name_of(cid: str) -> Name:
    """``cid`` looked at. Raises ValueError for all that is not sha2-256 of a codec that we know."""
    if _V0.fullmatch(cid):
        return Name(cid, DAG_PB)
    if _V1.fullmatch(cid):
        try:
            data = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
        except ValueError:
            data = b""
        for codec in _CODECS:
            head = b"\x01" + (bytes([codec]) if codec < 0x80 else b"\xa9\x02") + b"\x12\x20"
            if data.startswith(head) and len(data) == len(head) + 32:
                return Name(cid, codec)
    raise ValueError(f"{cid[:200]!r} is not a CID that an IPFS node is asked for")
