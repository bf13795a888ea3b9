"""Requests to one bucket: in time, tried again within bounds, over a client that is made when it is first needed."""

from __future__ import annotations

import asyncio
import functools
import io
import os
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from artdagd.hooks import AddressRules
from artdagd_storage_s3.config import S3Config
from artdagd_storage_s3.errors import S3Error, told

CONNECTIONS = 256
"""Connections to one service, and so readers at once."""

if TYPE_CHECKING:
    from artdagd_storage_s3.reach import Reach

_NONE: Mapping[str, Any] = {}


class Client:
    """``timeout``: seconds for which nothing may happen; ``attempts``: tries of a request that fails in passing;
    ``rules``: what may be connected to, unless everything."""

    def __init__(self, config: S3Config, timeout: float, attempts: int, rules: AddressRules | None = None) -> None:
        self._config = config
        self._rules = rules
        self._reach: Reach | None = None
        self._timeout = timeout
        self._attempts = attempts
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def call(
        self, operation: str, arguments: Mapping[str, Any] = _NONE, *, data: bytes | None = None, seconds: float = 0
    ) -> dict[str, Any]:
        """The answer to ``operation`` (``put_object`` …) on the bucket, with ``data`` as its body.

        ``seconds`` are given to the service beyond the timeout. Raises :class:`S3Error`.
        """
        for attempt in range(self._attempts):
            try:
                return await self._once(operation, data, seconds, arguments)
            except Exception as error:
                failure = self._refused() or told(error, self._config)
                if not failure.passes or attempt + 1 == self._attempts:
                    raise failure from None
            await self.pause(attempt)
        raise AssertionError("unreachable")

    def _refused(self) -> S3Error | None:
        """What the rules refused just now; a client's own error would hide it."""
        if self._reach is None or not self._reach.refused:
            return None
        text, self._reach.refused = self._reach.refused, ""
        return S3Error(text)

    async def pause(self, attempt: int) -> None:
        """Wait before the try that follows number ``attempt``: 0.1 s, doubled each time up to 5 s, half by lot."""
        longest = min(self._timeout, 5.0, 0.1 * 2**attempt)
        await asyncio.sleep(longest * (0.5 + random.random() / 2))  # noqa: S311

    async def _once(
        self, operation: str, data: bytes | None, seconds: float, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        client = await self._connected()
        async with asyncio.timeout(self._timeout + seconds) as deadline:
            if data is not None:
                arguments = {**arguments, "Body": _Body(data, self._extension(deadline))}
            answer: dict[str, Any] = await getattr(client, operation)(Bucket=self._config.bucket, **arguments)
            return answer

    def _extension(self, deadline: asyncio.Timeout) -> Callable[[], None]:
        """What moves ``deadline`` on, called in any thread."""
        loop = asyncio.get_running_loop()
        waiting = True

        def extend() -> None:
            nonlocal waiting
            waiting = waiting and not deadline.expired()
            if waiting:
                try:
                    deadline.reschedule(loop.time() + self._timeout)
                except RuntimeError:  # the request has ended
                    waiting = False

        def taken() -> None:
            loop.call_soon_threadsafe(extend)

        return taken

    async def _connected(self) -> Any:
        if self._closed:
            raise S3Error(f"{self._config.where}: this storage was closed")
        if self._client is None:
            async with self._turn:
                if self._client is None:
                    session = await asyncio.to_thread(_session)
                    self._client = await self._stack.enter_async_context(self._made(session))
        return self._client

    def _made(self, session: Any) -> Any:
        from aiobotocore.config import AioConfig

        config = self._config
        reach: dict[str, Any] = {}
        if self._rules is not None:
            from artdagd_storage_s3.reach import Reach

            self._reach = Reach(self._rules)
            reach = {"resolver": self._reach, "socket_factory": self._reach.socket}
        path_style = bool(config.endpoint_url) if config.path_style is None else config.path_style
        options = AioConfig(
            connector_args=reach,
            connect_timeout=self._timeout,
            read_timeout=None,  # each request has a deadline of its own
            max_pool_connections=CONNECTIONS,
            retries={"total_max_attempts": 1},  # see call()
            proxies={},
            signature_version="s3v4",
            s3={"addressing_style": "path" if path_style else "virtual"},
            # Each upload carries the SHA-256 that a thread made; what botocore adds, old services refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        )
        return session.create_client(
            "s3",
            region_name=config.region,
            endpoint_url=config.endpoint_url or None,
            verify=config.verify_tls,
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.secret_access_key,
            aws_session_token=config.session_token or None,
            config=options,
        )

    async def close(self) -> None:
        self._closed = True
        await self._stack.aclose()


class _Body(io.BytesIO):
    """Bytes to send, which say whenever some of them are taken."""

    def __init__(self, data: bytes, taken: Callable[[], None]) -> None:
        super().__init__(data)
        self._data = data
        self._taken = taken

    def getbuffer(self) -> memoryview:
        return memoryview(self._data)  # that of BytesIO would copy the bytes; aiohttp only looks at its length

    def read(self, size: int | None = -1, /) -> bytes:
        self._taken()
        return super().read(size)


@functools.cache
def _session() -> Any:
    """botocore's session: seconds of imports and of reading models, so made in a thread, once for all buckets.

    It is told to look at none of the files that other programs of this user have for AWS.
    """
    from aiobotocore.session import AioSession

    session = AioSession()
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    loader = session.get_component("data_loader")
    for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
        loader.load_service_model("s3", kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data(name)
    return session
