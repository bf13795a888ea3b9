"""A file of any size to an object, in parts, of which few are in memory."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Mapping
from io import FileIO
from typing import Any

from artdagd.hooks import finished
from artdagd_storage_s3.client import Client
from artdagd_storage_s3.errors import S3Error

log = logging.getLogger(__name__)

PART = 8 << 20
"""Bytes of a part, and of the largest object that is sent whole. At least 5 MiB are asked for by the service."""
MOST_PARTS = 10_000
AT_ONCE = 3
"""Parts that are sent at the same time."""
SLOWEST = 20e6
"""Bytes a second at which a service has to put parts together."""


class Upload:
    """One upload of ``size`` bytes of ``file`` to ``key``; ``about`` are the object's metadata and type.

    For objects of more than 80 GB parts are larger than :data:`PART`.
    """

    def __init__(self, client: Client, key: str, file: FileIO, size: int, about: dict[str, Any]) -> None:
        self._client = client
        self._key = {"Key": key}
        self._file = file
        self._size = size
        self._about = {"Key": key} | about
        self._part = max(PART, -(-size // MOST_PARTS))

    async def whole(self, condition: Mapping[str, str]) -> None:
        """In one request. Raises S3Error, or OSError if the file is not as long as it should be."""
        data, digest = await asyncio.to_thread(self._read, self._size)
        about = {**self._about, "ChecksumSHA256": digest, **condition}
        await finished(self._client.call("put_object", about, data=data))

    def rewind(self) -> None:
        """Begin anew."""
        self._file.seek(0)

    async def in_parts(self, condition: Mapping[str, str]) -> None:
        """In parts. What was sent is dropped by the service when this fails or is cancelled, if that can be reached."""
        begin = self._client.call("create_multipart_upload", self._about | {"ChecksumAlgorithm": "SHA256"})
        answer = await finished(begin, undo=lambda answer: self._abort(answer["UploadId"]))
        upload = answer["UploadId"]
        try:
            parts = await self._send(upload)
            await finished(self._complete(upload, parts, condition))
        except BaseException:
            aborting = asyncio.ensure_future(self._abort(upload))
            await asyncio.wait([aborting])
            raise

    async def _send(self, upload: str) -> list[dict[str, Any]]:
        count = -(-self._size // self._part)
        numbers = iter(range(1, count + 1))
        parts: list[dict[str, Any]] = []
        turn = asyncio.Lock()

        async def sender() -> None:
            while True:
                async with turn:
                    if (number := next(numbers, None)) is None:
                        return
                    length = min(self._part, self._size - (number - 1) * self._part)
                    data, digest = await asyncio.to_thread(self._read, length)
                named = {"UploadId": upload, "PartNumber": number, "ChecksumSHA256": digest}
                # A part that arrives after the upload was aborted may stay for ever.
                answer = await finished(self._client.call("upload_part", self._key | named, data=data))
                del data
                part = {"PartNumber": number, "ETag": answer["ETag"]}
                if "ChecksumSHA256" in answer:  # not every service has it
                    part["ChecksumSHA256"] = digest
                parts.append(part)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, count)):
                    group.create_task(sender())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return sorted(parts, key=lambda part: int(part["PartNumber"]))

    async def _complete(self, upload: str, parts: list[dict[str, Any]], condition: Mapping[str, str]) -> None:
        made = {"UploadId": upload, "MultipartUpload": {"Parts": parts}}
        await self._client.call(
            "complete_multipart_upload", {**self._key, **made, **condition}, seconds=self._size / SLOWEST
        )

    async def _abort(self, upload: str) -> None:
        try:
            await self._client.call("abort_multipart_upload", self._key | {"UploadId": upload})
        except S3Error as error:
            if error.code != "NoSuchUpload":
                log.warning(
                    "parts of %s stay in the bucket until its lifecycle rule drops them: %s", self._key["Key"], error
                )

    def _read(self, length: int) -> tuple[bytes, str]:
        """The next ``length`` bytes, and their SHA-256 in base64."""
        data = self._file.read(length)
        while len(data) < length and (more := self._file.read(length - len(data))):
            data += more
        if len(data) < length or (self._file.tell() == self._size and self._file.read(1)):
            raise OSError(f"{self._file.name} changed while it was saved")
        return data, base64.b64encode(hashlib.sha256(data).digest()).decode()
