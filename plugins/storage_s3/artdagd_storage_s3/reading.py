"""An object's bytes, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from artdagd_storage_s3.client import Client
from artdagd_storage_s3.errors import S3Error

CHUNK = 1 << 18
ENOUGH = 1 << 20
"""Bytes that make a connection that breaks worth another."""


async def reading(
    client: Client, key: str, start: int, stop: int | None, timeout: float, attempts: int
) -> AsyncIterator[bytes]:
    """The bytes ``start`` to ``stop`` of ``key``, without the latter, or to the end.

    A connection that breaks is followed by another that asks for the rest of the same object (``If-Match``); after
    ``attempts`` in a row that hung or gave less than :data:`ENOUGH`, it fails. Raises S3Error.
    """
    at, failures = start, 0
    same: dict[str, str] = {}
    while True:
        wanted = {} if (at, stop) == (0, None) else {"Range": f"bytes={at}-{'' if stop is None else stop - 1}"}
        try:
            answer = await client.call("get_object", {"Key": key} | wanted | same)
        except S3Error as error:
            if error.code in ("416", "InvalidRange"):
                return
            raise
        begun = at
        try:
            end = _end(answer, at, bool(wanted))
            same = {"IfMatch": answer["ETag"]} if answer.get("ETag") else same
            while at < end:
                async with asyncio.timeout(timeout):
                    chunk = await answer["Body"].read(CHUNK)
                if not chunk:
                    raise S3Error("the connection ended early")
                at += len(chunk)
                if at > end:
                    raise S3Error("more came than was said")
                yield chunk
            return
        except Exception as error:
            went_on = at - begun >= ENOUGH and not isinstance(error, TimeoutError)
            failures = 0 if went_on else failures + 1
            if failures >= attempts:
                raise S3Error(
                    f"{key} could not be read to its end: {type(error).__name__}: {str(error)[:200]}"
                ) from None
        finally:
            answer["Body"].close()
        await client.pause(failures)


def _end(answer: dict[str, Any], at: int, ranged: bool) -> int:
    """Number of the byte after the last one that ``answer`` brings, which begins at ``at``."""
    if not ranged:
        return int(answer["ContentLength"])
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.get("ContentRange", ""))
    if found is None or int(found[1]) != at:
        raise S3Error("the service does not know ranges")
    return int(found[2]) + 1
