"""Files of the IPFS network: their blocks from whoever has them, each verified before its bytes go on."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from artdagd.cid import CID, Block, NoFile, Part, WrongBlock, read_block
from artdagd.errors import BlobCorrupt, InvalidRequest, NotFound, TooLarge, Unavailable
from artdagd.hooks import BlockSource

log = logging.getLogger(__name__)

AHEAD = 4
"""Leaves that are asked for before they are needed."""

LEAF = 2 << 20
"""Bytes of a file under one link up to which it is taken to be a leaf."""

DEPTH = 24
"""Levels of a file's tree."""

BLOCK_SECONDS = 40.0
"""Seconds that one source may take for one block."""


class Reach:
    """``sources`` are asked in turn, first whichever gave the block before. None of them is trusted."""

    def __init__(self, sources: Sequence[BlockSource]) -> None:
        self._sources = list(sources)

    async def read(self, cid: CID, limit: int) -> tuple[int, AsyncIterator[bytes]]:
        """The size of the file that ``cid`` names, and its bytes; of up to ``limit`` bytes.

        The tree may be of any shape, its leaves dag-pb or raw. Raises NotFound, Unavailable, BlobCorrupt if wrong bytes
        were all that came, InvalidRequest for what is no file, TooLarge; so do the bytes.
        """
        root = await self._block(cid)
        if root.size > limit:
            raise TooLarge(f"{cid} has {root.size} bytes: up to {limit} are fetched")
        return root.size, self._under(root, DEPTH)

    async def _under(self, block: Block, levels: int) -> AsyncIterator[bytes]:
        if block.data:
            yield block.data
        waiting: deque[tuple[Part, asyncio.Task[Block]]] = deque()
        parts = iter(block.parts)
        try:
            while True:
                while len(waiting) < AHEAD and not (waiting and waiting[-1][0].size > LEAF):
                    part = next(parts, None)
                    if part is None:
                        break
                    waiting.append((part, asyncio.create_task(self._block(part.cid))))
                if not waiting:
                    return
                part, task = waiting[0]
                child = await task
                waiting.popleft()
                if child.size != part.size:
                    raise InvalidRequest(f"{part.cid} holds {child.size} bytes of a file, and not {part.size}")
                if child.parts and not levels:
                    raise InvalidRequest(f"a tree of more than {DEPTH} levels is not read")
                async for data in self._under(child, levels - 1):
                    yield data
        finally:
            for _, task in waiting:
                task.cancel()
            await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)

    async def _block(self, cid: CID) -> Block:
        met: set[Literal["wrong", "failed"]] = set()
        for source in list(self._sources):
            try:
                async with asyncio.timeout(BLOCK_SECONDS):
                    data = await source.block(str(cid))
                found = read_block(cid, data)
            except FileNotFoundError:
                continue
            except WrongBlock as error:
                log.error("%s gave a wrong block: %s", type(source).__name__, error)
                met.add("wrong")
            except NoFile as error:
                raise InvalidRequest(f"what is fetched from IPFS is one file: {error}") from None
            except Exception as error:
                log.warning("%s could not give %s: %s", type(source).__name__, cid, error or type(error).__name__)
                met.add("failed")
            else:
                self._sources.remove(source)
                self._sources.insert(0, source)
                return found
        if "wrong" in met:
            raise BlobCorrupt(f"{cid}: what came from IPFS is not what it names", advice="Try again later.")
        if met:
            raise Unavailable(f"{cid} could not be asked for on IPFS", advice="Try again later.", retry_after=30)
        raise NotFound(f"{cid} is not here and was not found on IPFS", advice="Upload it, or try again later.")
