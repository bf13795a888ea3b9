"""What can be made of one medium without a recipe: an MP4 for browsers, a poster, thumbnails, a waveform.

Each is a pass of one step with a cache id, computed once by a worker and kept like any result.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import PurePath
from typing import Any, Literal

import msgspec

from artdagd.auth.principal import Principal
from artdagd.delivery import FORMATS, Delivery
from artdagd.errors import NotFound, StepFailed
from artdagd.plans.cache_ids import cache_id, cluster_digest
from artdagd.runs.compute import FOR, Compute, Ready
from artdagd.runs.library import Library
from artdagd.runs.places import Places
from artdagd.runs.playable import is_web_mp4, starts_at_once
from artdagd.runs.views import Content, Entry
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.previews import THUMBNAILS
from artdagd.store import BlobStore
from artdagd.work import MediaFacts, RenderPass, RenderStep

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds that a caller waits before being told to come again."""

MOST_PENDING = 128
"""Previews that are under way at once, ``PENDING_EACH`` of one user; more are refused."""

PENDING_EACH = 64

MOST_FAILURES = 1000
"""Failures that are remembered, so that a medium which can't be shown isn't tried at every look at a page."""

_PICTURE = dict.fromkeys(("crf", "preset", "audio_codec", "audio_bitrate"))
MP4 = Delivery()
JPEG = Delivery(**_PICTURE | {"format": "jpg", "video_codec": "mjpeg", "quality": 80})  # type: ignore[arg-type]
PNG = Delivery(**_PICTURE | {"format": "png", "video_codec": "png"})  # type: ignore[arg-type]


class Preview(msgspec.Struct, frozen=True):
    """One thing that can be made: a step with its config, how it is encoded, and which part of the medium it needs."""

    what: str
    step: str
    config: dict[str, Any]
    delivery: Delivery
    needs: Literal["video", "audio"]


def mp4() -> Preview:
    """The whole medium as H.264 and AAC in MP4."""
    return Preview("mp4", "SOURCE", {"streams": "both"}, MP4, "video")


def poster(width: int) -> Preview:
    """A good still, at most ``width`` pixels wide."""
    return Preview("poster", "POSTER", {"width": width}, JPEG, "video")


def thumbnails(width: int) -> Preview:
    """A strip of ``THUMBNAILS`` pictures, each ``width`` pixels wide."""
    return Preview("thumbnails", "THUMBNAILS", {"width": width, "count": THUMBNAILS}, JPEG, "video")


def waveform(width: int, height: int) -> Preview:
    """A picture of the sound."""
    return Preview("waveform", "PEAKS", {"width": width, "height": height}, PNG, "audio")


class Previews:
    """Makes previews for the owners of media."""

    def __init__(
        self, store: BlobStore, compute: Compute, library: Library, catalogue: Catalogue, cluster_key: str
    ) -> None:
        self._store = store
        self._compute = compute
        self._library = library
        self._catalogue = catalogue
        self._cluster = cluster_digest(cluster_key)
        self.places = Places("previews being made", MOST_PENDING, PENDING_EACH, 5)
        self._pending: dict[tuple[str, str], asyncio.Task[Content]] = {}
        self._failures: dict[tuple[str, str], StepFailed] = {}

    async def get(self, cid: str, wanted: Preview, who: Principal, patience: float = PATIENCE) -> Content | None:
        """The preview of one of ``who``'s media, or None if it is still being made after ``patience`` seconds.

        Raises NotFound (no such medium, or without what the preview shows), StepFailed, TooBusy.
        """
        entry = await self._library.entry(cid, who)
        key = (entry.cid, self.cache_id(entry.cid, wanted))
        if key in self._failures:
            raise self._failures[key].with_traceback(None)
        if key not in self._pending:
            self.places.claim(who.name)
            task = asyncio.create_task(self._made(entry, wanted, who.name), name=f"{wanted.what} of {entry.cid}")
            self._pending[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
            task.add_done_callback(lambda _: self.places.free(who.name))
        task = self._pending[key]
        await asyncio.wait({task}, timeout=patience)
        return await task if task.done() else None

    def cache_id(self, cid: str, wanted: Preview) -> str:
        """The name of the computation, as it would stand in a plan."""
        identity = self._catalogue.identity("step", wanted.step).cid
        return cache_id(wanted.step, [identity], wanted.config, [cid], self._cluster, wanted.delivery)

    async def close(self) -> None:
        """Give up what is being made."""
        for task in list(self._pending.values()):
            task.cancel()
        await asyncio.gather(*self._pending.values(), return_exceptions=True)

    def _ended(self, key: tuple[str, str], task: asyncio.Task[Content]) -> None:
        self._pending.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, StepFailed) and not error.retryable:
            while len(self._failures) >= MOST_FAILURES:
                del self._failures[next(iter(self._failures))]
            self._failures[key] = error
        elif error is not None and not isinstance(error, NotFound):
            log.warning("%s failed: %s", task.get_name(), error)

    async def _made(self, entry: Entry, wanted: Preview, user: str) -> Content:
        FOR.set(user)
        facts = await self._compute.facts(entry.cid)
        _check(entry.cid, wanted, facts)
        name = f"{PurePath(entry.filename or entry.cid).stem}.{wanted.delivery.format}"
        media_type = FORMATS[wanted.delivery.format].media_type
        if wanted.what == "mp4" and is_web_mp4(facts):
            path = await self._store.path(entry.cid)
            if await asyncio.to_thread(starts_at_once, path):
                return Content(entry.cid, str(path), entry.size, media_type, name)
        done = await self._compute.render(
            self.cache_id(entry.cid, wanted),
            self._catalogue.identity("step", wanted.step).cid,
            lambda: self._pass(entry.cid, wanted),
            lambda *_: None,
        )
        path = await self._store.path(done.cid)
        size = (await asyncio.to_thread(path.stat)).st_size
        return Content(done.cid, str(path), size, media_type, name)

    async def _pass(self, cid: str, wanted: Preview) -> Ready:
        source = await self._store.path(cid)
        step = RenderStep(wanted.what, wanted.step, wanted.config, ("medium",))
        return Ready(RenderPass((step,), {"medium": str(source)}, wanted.delivery))


def _check(cid: str, wanted: Preview, facts: MediaFacts) -> None:
    if getattr(facts, wanted.needs) is None:
        part = "picture" if wanted.needs == "video" else "sound"
        raise NotFound(f"there is no {wanted.what} of {cid}: it is {facts.kind} ({facts.media_type}) without {part}")
    if wanted.what == "mp4" and facts.kind == "image" and facts.media_type != "image/gif":
        raise NotFound(f"there is no mp4 of {cid}: it is a still picture ({facts.media_type})")
