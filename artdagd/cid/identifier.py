"""The content identifier itself: its parts, its texts (multibase), its binary form (multihash, varints)."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping

import msgspec

RAW, DAG_PB, DAG_CBOR, DAG_JSON = 0x55, 0x70, 0x71, 0x0129
CODECS = {RAW: "raw", DAG_PB: "dag-pb", DAG_CBOR: "dag-cbor", DAG_JSON: "dag-json"}
SHA2_256 = b"\x12\x20"
"""Multihash prefix: function 0x12, length 32."""
MAX_TEXT = 160
"""Characters of the longest text that is looked at: a base16 CID takes 75, or 139 with a digest of 64 bytes."""

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class CID(msgspec.Struct, frozen=True, order=True):
    """A content identifier: ``version`` 0 or 1, ``codec`` (a key of :data:`CODECS`), 32 bytes of sha2-256 ``digest``.

    ``str()`` gives the canonical text: base32 for version 1, base58btc (``Qm…``) for version 0.
    """

    version: int
    codec: int
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> CID:
        """The CID written as ``text``: ``Qm…``, or version 1 in base32 (b), base58btc (z) or base16 (f).

        Raises ValueError with the reason: another base, version, codec or hash function, or a damaged text.
        """
        if not text or len(text) > MAX_TEXT:
            raise ValueError(f"a CID has 1 to {MAX_TEXT} characters, this text has {len(text)}")
        if text.startswith("Qm") and len(text) == 46:
            return cls._from_multihash(0, DAG_PB, _base58_decode(text))
        decode = _DECODERS.get(text[0])
        if decode is None:
            raise ValueError(
                f"not a CID: {text!r} starts with neither Qm (version 0) nor the base b, z or f (version 1)"
            )
        data = decode(text[1:])
        version, data = _read_varint(data)
        if version != 1:
            raise ValueError(f"CID version {version} is unknown in {text!r}, versions 0 (as Qm…) and 1 are understood")
        codec, data = _read_varint(data)
        if codec not in CODECS:
            raise ValueError(f"codec 0x{codec:x} in {text!r} is not supported, use one of {', '.join(CODECS.values())}")
        return cls._from_multihash(1, codec, data)

    @classmethod
    def _from_multihash(cls, version: int, codec: int, data: bytes) -> CID:
        if data[:1] != SHA2_256[:1]:
            raise ValueError(f"hash function 0x{data[:1].hex() or '??'} is not supported, only sha2-256 (0x12) is")
        if data[1:2] != SHA2_256[1:] or len(data) != 34:
            raise ValueError(f"damaged CID: a sha2-256 digest has 32 bytes, this one has {max(len(data) - 2, 0)}")
        return cls(version, codec, data[2:])

    def v1(self) -> CID:
        """The same content, named by version 1."""
        return CID(1, self.codec, self.digest)

    def __bytes__(self) -> bytes:
        """The binary form, as it stands in dag-pb links."""
        if self.version == 0:
            return SHA2_256 + self.digest
        return b"\x01" + varint(self.codec) + SHA2_256 + self.digest

    def __str__(self) -> str:
        if self.version == 0:
            return _base58_encode(bytes(self))
        return _base32(bytes(self))


@functools.lru_cache(4096)
def _base32(data: bytes) -> str:
    # Kept, since a node writes the same names again and again.
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes) -> tuple[int, bytes]:
    """The number at the start of ``data``, in its shortest form and at most 9 bytes, and what follows it."""
    number = 0
    for index, byte in enumerate(data[:9]):
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if byte == 0 and index:
                break
            return number, data[index + 1 :]
    raise ValueError("damaged CID: a number in it is cut off or not in its shortest form")


def _base32_decode(text: str) -> bytes:
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        data = b""
    if base64.b32encode(data).decode().rstrip("=").lower() != text:
        raise ValueError(f"damaged CID: {text!r} is not lower-case base32 without padding")
    return data


def _base16_decode(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.hex() != text:
        raise ValueError(f"damaged CID: {text!r} is not lower-case base16")
    return data


def _base58_decode(text: str) -> bytes:
    number = 0
    for character in text:
        digit = _BASE58.find(character)
        if digit < 0:
            raise ValueError(f"damaged CID: {character!r} is no base58 digit")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base58_encode(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


_DECODERS: Mapping[str, Callable[[str], bytes]] = {"b": _base32_decode, "z": _base58_decode, "f": _base16_decode}
