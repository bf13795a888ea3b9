"""A request as it came over the wire: what a signature is checked against."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from artdagd_federation_l2.signatures.refusals import SignatureRefused

TARGET_MAX = 8_192
FIELD_MAX = 8_192

_METHOD = re.compile(r"[A-Z]{1,32}")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PORTS = {"https": ":443", "http": ":80"}


class Request(msgspec.Struct, frozen=True):
    """``target`` is path and query, raw as on the wire. ``headers`` are all field lines, so that a double is seen;
    lines of one name that a server has joined with commas do as well.

    ``scheme`` is that of the address under which the world reaches this server, whatever a proxy makes of it.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    scheme: Literal["https", "http"] = "https"

    def field(self, name: str) -> str | None:
        """The field's value, without white space around it. Raises SignatureRefused for one sent twice, or too long."""
        found = [value for key, value in self.headers if key.lower() == name]
        if len(found) > 1:
            raise SignatureRefused(f"the header {name} was sent {len(found)} times")
        if not found:
            return None
        if len(found[0]) > FIELD_MAX:
            raise SignatureRefused(f"the header {name} is longer than {FIELD_MAX} characters")
        if not _VALUE.fullmatch(found[0]):
            raise SignatureRefused(f"the header {name} holds characters that are not plain text")
        return found[0].strip(" \t")

    def covered_field(self, name: str) -> str:
        """The value of a field that a signature covers. Raises SignatureRefused also for one that was not sent."""
        value = self.field(name)
        if value is None:
            raise SignatureRefused(f"the header {name}, which the signature needs, was not sent")
        return value

    @property
    def authority(self) -> str:
        """Host and port as RFC 9421 (2.2.3) writes them. Raises SignatureRefused."""
        return normal_authority(self.covered_field("host"), self.scheme)

    def check_line(self) -> None:
        """Raises SignatureRefused for a method or target that has more than one spelling, or is too long."""
        if not _METHOD.fullmatch(self.method):
            raise SignatureRefused("the method is not in capital letters")
        if len(self.target) > TARGET_MAX or not _TARGET.fullmatch(self.target):
            raise SignatureRefused("the target is no path and query, or too long")


def normal_authority(text: str, scheme: str) -> str:
    """In small letters, without the port that the scheme implies."""
    return text.lower().removesuffix(_PORTS[scheme])
