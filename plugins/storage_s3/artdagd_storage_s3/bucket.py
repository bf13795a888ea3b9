"""Blobs as objects of a bucket."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import Any

from artdagd.hooks import AddressRules, finished
from artdagd_storage_s3.client import Client
from artdagd_storage_s3.config import S3Config
from artdagd_storage_s3.errors import EXISTS, MISSING, S3Error
from artdagd_storage_s3.reading import reading
from artdagd_storage_s3.upload import PART, Upload

TIMEOUT = 30.0
"""Seconds for which nothing may happen in a request."""
ATTEMPTS = 4
BUCKET_SECONDS = 60.0
"""How long a bucket that was seen is taken to be there."""

_CID = re.compile(r"[0-9A-Za-z]{46,128}")


class Bucket:
    """A :class:`artdagd.hooks.RangedStorage`: a blob is the object ``<prefix>/<cid>``, its CID also in the metadata.

    Nothing is connected, and nothing heavy imported, before the first request. A name that is no CID is refused with
    ValueError; what fails raises :class:`S3Error`, an OSError.
    """

    def __init__(
        self,
        config: S3Config,
        *,
        timeout: float = TIMEOUT,
        attempts: int = ATTEMPTS,
        rules: AddressRules | None = None,
    ) -> None:
        self._config = config
        self._client = Client(config, timeout, attempts, rules)
        self._timeout = timeout
        self._attempts = attempts
        self._conditional = True
        self._seen = -BUCKET_SECONDS

    @classmethod
    def within(cls, config: S3Config, rules: AddressRules) -> Bucket:
        """One that connects to nothing but what ``rules`` allow. Raises OutboundRefused."""
        rules.target(config.endpoint_url or "https://s3.amazonaws.com")
        return cls(config, rules=rules)

    async def save(self, cid: str, path: Path) -> None:
        """Send ``path``, unless an object of its size is there. Up to 8 MiB whole, else in parts.

        A new object is only made where none is (``If-None-Match``), if the service knows that.
        """
        key = self._key(cid)
        with await finished(asyncio.to_thread(FileIO, path), undo=FileIO.close) as file:
            size = os.fstat(file.fileno()).st_size
            kept = await self._size(key)
            if kept == size:
                return
            try:
                await self._send(Upload(self._client, key, file, size, self._about(cid)), size, new=kept is None)
            except S3Error as error:
                # Another was faster, or the answer was lost: what counts is what is there.
                if not (error.passes or error.code in EXISTS or error.code == "NoSuchUpload"):
                    raise
                if await self._size(key) != size:
                    raise
            else:
                if size > PART and (found := await self._size(key)) != size:
                    raise S3Error(f"{self._config.where}: took {cid} and has {found} bytes of {size}")

    async def _send(self, upload: Upload, size: int, new: bool) -> None:
        condition = {"IfNoneMatch": "*"} if new and self._conditional else {}
        send = upload.whole if size <= PART else upload.in_parts
        try:
            await send(condition)
        except S3Error as error:
            if not condition or error.code not in ("NotImplemented", "501"):
                raise
            self._conditional = False
            upload.rewind()
            await send({})

    def load(self, cid: str) -> AsyncIterator[bytes]:
        """The bytes, in chunks. Goes on where it was when a connection breaks. Raises FileNotFoundError."""
        return self.load_range(cid, 0, None)

    async def load_range(self, cid: str, start: int, stop: int | None) -> AsyncIterator[bytes]:
        """The bytes ``start`` to ``stop``, without the latter. Raises FileNotFoundError."""
        key = self._key(cid)
        if stop is not None and stop <= start:
            if await self._size(key) is None:
                raise FileNotFoundError(cid)
            return
        try:
            async for chunk in reading(self._client, key, start, stop, self._timeout, self._attempts):
                yield chunk
        except S3Error as error:
            if error.code not in MISSING:
                raise
            await self._confirm_bucket()
            raise FileNotFoundError(cid) from None

    async def size(self, cid: str) -> int | None:
        """Bytes, or None if it is not here."""
        return await self._size(self._key(cid))

    async def delete(self, cid: str) -> None:
        """Delete the object, if it is here."""
        try:
            await self._client.call("delete_object", {"Key": self._key(cid)})
        except S3Error as error:
            if error.code not in MISSING:
                raise

    async def list(self) -> AsyncIterator[str]:
        """The CIDs of all objects under the prefix, asked for in thousands."""
        after: dict[str, Any] = {}
        while True:
            page = await self._client.call("list_objects_v2", {"Prefix": self._config.folder} | after)
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(self._config.folder)
                if _CID.fullmatch(name):
                    yield name
            if not page.get("IsTruncated"):
                return
            token = page.get("NextContinuationToken")
            if not token or token == after.get("ContinuationToken"):
                raise S3Error(f"{self._config.where}: its list of objects has no end")
            after = {"ContinuationToken": token}

    async def close(self) -> None:
        """Close all connections. What is called later fails."""
        await self._client.close()

    def _key(self, cid: str) -> str:
        if not _CID.fullmatch(cid):
            raise ValueError(f"{cid[:200]!r} is not a CID")
        return self._config.key(cid)

    def _about(self, cid: str) -> dict[str, Any]:
        return {"Metadata": {"cid": cid}, "ContentType": "application/octet-stream"}

    async def _size(self, key: str) -> int | None:
        try:
            return int((await self._head(key))["ContentLength"])
        except S3Error as error:
            if error.code not in MISSING:
                raise
        except (KeyError, ValueError):
            raise S3Error(f"{self._config.where}: it does not say how large {key} is") from None
        await self._confirm_bucket()
        return None

    async def _head(self, key: str) -> dict[str, Any]:
        try:
            return await self._client.call("head_object", {"Key": key})
        except S3Error as error:
            if error.code not in ("400", "403"):
                raise
            await self._ask()  # raises what is really wrong
            return await self._client.call("head_object", {"Key": key})

    async def _confirm_bucket(self) -> None:
        """An object that is not there and a bucket that is not there look the same to HEAD: tell them apart."""
        if time.monotonic() - self._seen > BUCKET_SECONDS:
            await self._ask()
            self._seen = time.monotonic()

    async def _ask(self) -> None:
        """A question whose answer has a body that says what is wrong; that to HEAD has none."""
        await self._client.call("list_objects_v2", {"Prefix": self._config.folder, "MaxKeys": 1})
