"""Which bucket, where, and with which key."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

_SECRET: dict[str, Any] = {"writeOnly": True}


class S3Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bucket, and a key that may read, write, list and delete in it."""

    bucket: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{1,254}\Z", description="Name of the bucket")]
    access_key_id: Annotated[str, Meta(min_length=1, max_length=256, description="The key's public half")]
    secret_access_key: Annotated[
        str, Meta(min_length=1, max_length=1024, description="The key's secret half", extra_json_schema=_SECRET)
    ]
    session_token: Annotated[
        str, Meta(max_length=8192, description="Only for keys that expire", extra_json_schema=_SECRET)
    ] = ""
    endpoint_url: Annotated[
        str,
        Meta(
            pattern=r"\A(https?://[^\s/?#@]+/?)?\Z",
            description="Address of the service, such as https://s3.example.org; empty is Amazon's",
        ),
    ] = ""
    region: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9-]{1,64}\Z", description="Region of the bucket")] = "us-east-1"
    prefix: Annotated[
        str,
        Meta(
            pattern=r"\A([A-Za-z0-9!_.*'()-]+/?)*\Z",
            max_length=512,
            description="Put before every key, with a slash between; other keys of the bucket are left alone",
        ),
    ] = ""
    path_style: Annotated[
        bool | None,
        Meta(description="Name the bucket in the path, not in the host; unless said, yes where endpoint_url is set"),
    ] = None
    verify_tls: Annotated[bool, Meta(description="Check the certificate of the service")] = True

    @property
    def where(self) -> str:
        """The service, for messages."""
        return self.endpoint_url.rstrip("/") or f"Amazon S3 ({self.region})"

    def key(self, cid: str) -> str:
        return f"{self.folder}{cid}"

    @property
    def folder(self) -> str:
        """What comes before a CID in a key."""
        prefix = self.prefix.rstrip("/")
        return f"{prefix}/" if prefix else ""

    def __repr__(self) -> str:
        return f"S3Config(bucket={self.bucket!r}, endpoint_url={self.endpoint_url!r})"  # no secret in a log
