"""A bucket of one user is reached within the rules, whatever its service and the DNS answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from artdagd_storage_s3 import Bucket, S3Config

from artdagd.cid import cid_of_bytes
from artdagd.hooks import AddressRules, OutboundRefused

CID = cid_of_bytes(b"film")


@asynccontextmanager
async def service(answer: Callable[[], bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Something that answers every request so; its port, and the first lines of what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(answer())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


def bucket(endpoint: str, *private: str) -> Bucket:
    config = S3Config(bucket="art", access_key_id="k", secret_access_key="s", endpoint_url=endpoint)
    made = Bucket.within(config, AddressRules(private, (443,)))
    made._client._attempts = 1
    return made


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://[::1]",
        "http://s3.example.org",
        "https://s3.example.org:9000",
    ],
)
def test_an_endpoint_that_is_not_public_is_refused(endpoint: str):
    with pytest.raises(OutboundRefused, match="outbound_private"):
        bucket(endpoint)


async def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_used():
    made = bucket("https://localhost")
    with pytest.raises(OSError, match="private, loopback"):
        await made.size(CID)
    await made.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
async def test_a_redirection_leads_nowhere_else(host: str, status: str):
    async with service(lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfilm") as (inner, asked):
        answer = f"HTTP/1.1 {status}\r\nLocation: http://{host}:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with service(lambda: answer) as (port, came):
            made = bucket(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")
            with pytest.raises(OSError):
                await made.size(CID)
            with pytest.raises(OSError):
                _ = [chunk async for chunk in made.load(CID)]
            await made.close()
            assert came
            assert asked == []
