"""A packet of AAC in which nothing is heard: a player of a stream waits where its sound has ended, though its picture
goes on.

ISO/IEC 14496-3, tables 4.3 to 4.6 and 4.50: a block whose channels have no bands of the spectrum.
"""

from __future__ import annotations

ELEMENTS = {1: "0", 2: "1", 3: "01", 4: "010", 5: "011", 6: "0113", 7: "01113"}
"""Of what a block consists, by the configuration of channels (table 1.19): one channel, a pair (1), low effects (3)."""

SAMPLES = 1024
"""Samples of a packet."""

PLAIN = 2
"""The kind of object whose packets these are: AAC LC."""

_CHANNEL = "0" * 22
"""A gain, a long window without bands, and neither pulses, nor shaped noise, nor gain control."""


def silence(described: int) -> bytes:
    """A packet; ``described`` are the first 16 bits of the decoder's description. Empty where it is not that plain."""
    kinds = ELEMENTS.get(described >> 3 & 15)
    if described >> 11 != PLAIN or described >> 7 & 15 == 15 or kinds is None:
        return b""
    bits, seen = "", ""
    for kind in kinds:
        bits += f"{int(kind):03b}{seen.count(kind):04b}" + ("0" + 2 * _CHANNEL if kind == "1" else _CHANNEL)
        seen += kind
    bits += "111"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)
