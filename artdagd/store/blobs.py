"""Blobs: local first, read through to providers, verified before anyone sees them."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

from artdagd.cid import (
    CID,
    DAG_JSON,
    Imported,
    Importer,
    cid_of_bytes,
    cid_of_dag_json_bytes,
    dag_json,
    names_file,
    read_dag_json,
)
from artdagd.errors import (
    ArtdagError,
    BlobCorrupt,
    ConfigError,
    Conflict,
    InvalidRequest,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
)
from artdagd.store.census import Census
from artdagd.store.files import Disk, Draft, SyncFailed, open_plain, problem, stamp, sweep
from artdagd.store.ground import Ground
from artdagd.store.incoming import PIECE, Blob, Incoming
from artdagd.store.layout import SECTIONS, Layout, Section, parse_cid
from artdagd.store.ledger import Ledger, NoLedger
from artdagd.store.providers import Providers, WrongBytes
from artdagd.store.uses import Uses, unread
from artdagd.store.verified import Verified

log = logging.getLogger(__name__)

MAX_VALUE = 64 << 20
"""Bytes of the largest structured value that is read into memory."""


class BlobStore:
    """The blobs under ``root`` (CACHE_DIR).

    ``reserve_bytes`` of the filesystem stay free: a blob that would go below is refused. ``providers`` are asked for
    what is missing here; ``ledger`` is told of each new blob, so that they get a copy.

    ``read_only`` is empty, or says why nothing can be written any more: an fsync failed.

    Every method that takes a CID raises InvalidRequest if it is none.
    """

    def __init__(
        self,
        root: Path,
        *,
        reserve_bytes: int = 1 << 30,
        providers: Providers | None = None,
        ledger: Ledger | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.layout = Layout(root)
        self.read_only = ""
        self.providers = providers or Providers()
        self.ledger: Ledger = ledger or NoLedger()
        self._reserve = reserve_bytes
        self._disk = disk or Disk()
        self._verified = Verified(self.layout.quarantine)
        self._ground = Ground(self.layout)
        self.census = Census(self.layout)
        self.uses = Uses()
        self._locks: WeakValueDictionary[CID, asyncio.Lock] = WeakValueDictionary()

    async def open(self) -> None:
        """Make the folders, and remove what a killed process left half written. Raises ConfigError."""
        try:
            self._ground.make()
            count = await asyncio.to_thread(sweep, self.layout.tmp)
        except OSError as error:
            raise ConfigError(
                f"CACHE_DIR {self.layout.root} can't be used: {error.strerror}",
                advice="Set CACHE_DIR to a folder that this user may write to.",
            ) from error
        if count:
            log.info("removed %d unfinished files from %s", count, self.layout.tmp)

    def receive(self, section: Section = "blobs", *, size: int | None = None) -> Incoming:
        """A place for a blob that arrives in chunks; ``size`` is the number of bytes announced, if any.

        ``async with store.receive() as incoming``: entering raises StorageFull before a byte is read when there is no
        room, Unavailable when the store is read-only.
        """

        async def settle(draft: Draft, imported: Imported) -> Blob:
            return await self._settle(draft, CID.parse(imported.cid), imported.size, section)

        return Incoming(lambda: self._begin(size or 0), self._room, settle)

    async def adopt(self, path: Path, section: Section = "blobs") -> Blob:
        """Take over the file ``path`` that a worker finished: hash it, and move it into place durably.

        What is refused at once stays; once taken, the file is gone whatever happens. Raises NotFound, InvalidRequest if
        it is not a regular file with one name, Conflict if it is still being written, StorageFull, Unavailable.
        """
        draft = await asyncio.to_thread(self._take, path)
        try:
            imported = await asyncio.to_thread(_hash, draft, path)
            return await self._settle(draft, CID.parse(imported.cid), imported.size, section)
        finally:
            await asyncio.shield(asyncio.to_thread(draft.discard))

    async def put_bytes(self, data: bytes) -> Blob:
        """Store ``data`` under its UnixFS CID. Raises StorageFull, Unavailable."""
        if here := await self._here(CID.parse(cid_of_bytes(data)), len(data), "blobs"):
            return here
        async with self.receive(size=len(data)) as incoming:
            await incoming.write(data)
            return await incoming.commit()

    async def put_value(self, value: Any, section: Section) -> Blob:
        """Store ``value`` as canonical dag-json under its dag-json CID. Raises ValueError, StorageFull, Unavailable."""
        data = await asyncio.to_thread(dag_json, value)
        cid = CID.parse(cid_of_dag_json_bytes(data))

        async def settle(draft: Draft, imported: Imported) -> Blob:
            return await self._settle(draft, cid, imported.size, section)

        for last in (False, False, True):
            try:
                if here := await self._here(cid, len(data), section):
                    return here
                async with Incoming(lambda: self._begin(len(data)), self._room, settle) as incoming:
                    await incoming.write(data)
                    return await incoming.commit()
            except NotFound:  # somebody deleted the cache before storage that comes first had it
                if last:
                    raise
        raise AssertionError("unreachable")

    def has(self, cid: str) -> bool:
        """Whether a file of that name is here; :meth:`path` verifies it."""
        return any(place.is_file() for place in self.layout.places(parse_cid(cid)).values())

    def size(self, cid: str) -> int | None:
        """Bytes of the file of that name here, unverified; None where there is none."""
        for place in self.layout.places(parse_cid(cid)).values():
            with suppress(FileNotFoundError):
                return place.stat().st_size
        return None

    async def reachable(self, cids: Iterable[str]) -> set[str]:
        """Those of ``cids`` that are here, or of which a provider that works has a copy; :meth:`path` brings it."""
        names = {cid: str(parse_cid(cid)) for cid in cids}
        away = {name for cid, name in names.items() if not self.has(cid)}
        held = await self.held_elsewhere(away) if away else set()
        return {cid for cid, name in names.items() if name in held or name not in away}

    async def path(self, cid: str, *, again: bool = False) -> Path:
        """The local file that holds ``cid``, read-only, its bytes verified; fetched from a provider if need be.

        A file is hashed once, and again after it changed (or always, with ``again``). What no longer hashes to its name
        is moved to quarantine. Raises NotFound, BlobCorrupt, Unavailable if a provider failed that might have it.
        """
        wanted = parse_cid(cid)
        async with self._lock(wanted):
            spoiled: Section | None = None
            for section, place in self.layout.places(wanted).items():
                sound = await self._verified.sound(place, wanted, again=again)
                if sound:
                    self.uses.note(str(wanted), place)
                    return place
                spoiled = section if sound is False else spoiled
            return await self._fetch(wanted, spoiled)

    async def verify(self, cid: str) -> Literal["sound", "healed", "corrupt", "missing"]:
        """Hash the file of ``cid`` now, whenever that was done before; this is no use of it.

        A corrupt one goes to quarantine; it, or one that is missing, is ``healed`` by a storage provider that has it.
        """
        wanted = parse_cid(cid)
        async with self._lock(wanted):
            spoiled: Section | None = None
            for section, place in self.layout.places(wanted).items():
                with unread(place):
                    sound = await self._verified.sound(place, wanted, again=True)
                if sound:
                    return "sound"
                spoiled = section if sound is False else spoiled
            try:
                await self._fetch(wanted, spoiled)
            except (NotFound, BlobCorrupt, Unavailable):
                return "corrupt" if spoiled else "missing"
            return "healed"

    def sealed(self, paths: Iterable[Path]) -> tuple[object, ...] | None:
        """What tells the verified contents of ``paths`` from any others; None if one is not as :meth:`path` left it.

        Equal before and after a reading by somebody else: what was read are the bytes that were verified, and nobody
        deleted the cache meanwhile.
        """
        self._mend()
        stamps = tuple(self._verified.seen(path) for path in paths)
        return None if None in stamps else (self._ground.turn, *stamps)

    async def read_value(self, cid: str) -> Any:
        """The structured value named ``cid``. Raises as :meth:`path` does; InvalidRequest if it names no value."""
        if parse_cid(cid).codec != DAG_JSON:
            raise InvalidRequest(f"{cid} names no dag-json value", advice="Values have CIDs that start with baguqee.")
        try:
            return await asyncio.to_thread(_read_value, await self.path(cid))
        except FileNotFoundError:  # deleted just now
            return await asyncio.to_thread(_read_value, await self.path(cid))

    async def delete(self, cid: str, *, providers: bool = True) -> None:
        """Forget ``cid`` here and, if ``providers``, everywhere; no error if it is not there. Raises Unavailable."""
        wanted = parse_cid(cid)
        if providers:
            await self.ledger.drop(str(wanted))
        async with self._lock(wanted):
            self._remove(wanted)

    async def evict(self, cid: str, since: float) -> int | None:
        """Remove the local file of ``cid`` unless it is in use: the bytes that this freed, or None.

        ``since`` is what ``uses.now()`` was before it was asked who needs it: what was used after that may be needed.
        Whoever is given it by :meth:`path` afterwards had it fetched. Raises Unavailable.
        """
        wanted = parse_cid(cid)
        async with self._lock(wanted):
            return None if self.uses.busy(str(wanted), since) else self._remove(wanted)

    async def delivered(self, cid: str) -> None:
        """Wait until all synchronous providers have ``cid``, which is here.

        Raises Unavailable if one could not be given it: it is kept here all the same, and still owed to that provider.
        """
        await self.ledger.delivered(str(parse_cid(cid)))

    async def held_elsewhere(self, cids: Collection[str]) -> set[str]:
        """Those of ``cids`` of which a provider of the node that works has a copy."""
        return await self.ledger.held_elsewhere(cids)

    async def cids(self) -> AsyncIterator[str]:
        """Every CID whose file is here, each once, in no order."""
        for section in SECTIONS:
            top = self.layout.root / section
            for folder in await asyncio.to_thread(_folders, top) if section == "blobs" else [top]:
                for cid in await asyncio.to_thread(self.layout.held, folder):
                    yield cid

    def _remove(self, cid: CID) -> int:
        """Under the lock of ``cid``: remove its files here. Returns their bytes."""
        freed = 0
        for place in self.layout.places(cid).values():
            self._verified.forget(place)
            try:
                size = place.lstat().st_size
                place.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise problem(error, f"{cid} could not be deleted") from error
            self.census.remove(size)
            freed += size
        self.uses.forget(str(cid))
        return freed

    def _lock(self, cid: CID) -> asyncio.Lock:
        return self._locks.setdefault(cid, asyncio.Lock())

    def _mend(self) -> None:
        """Make folders again that somebody deleted. Raises Unavailable."""
        try:
            if self._ground.mend():
                self._disk.durable.clear()
                log.warning("folders of %s were deleted, and are made again", self.layout.root)
        except OSError as error:
            raise problem(error, f"{self.layout.root} can't be made again") from error

    def _check_writable(self) -> None:
        self._mend()
        if self.read_only:
            raise Unavailable(
                f"The store is read-only: {self.read_only}",
                advice="Check the disk under CACHE_DIR, then restart the node.",
            )

    def _begin(self, size: int) -> Draft:
        self._check_writable()
        try:
            self._room(size)
            return Draft.create(self.layout.tmp, self._disk)
        except OSError as error:
            raise problem(error, "The blob could not be written") from error

    @property
    def spare(self) -> int:
        """Free bytes of the disk beyond the reserve; negative where it is used up. Raises Unavailable."""
        self._mend()
        try:
            return self._disk.free(self.layout.tmp) - self._reserve
        except OSError as error:
            raise problem(error, "The disk under CACHE_DIR does not answer") from error

    @property
    def reserve(self) -> int:
        return self._reserve

    def _room(self, size: int) -> None:
        free = self._disk.free(self.layout.tmp)
        if free - size < self._reserve:
            raise StorageFull(
                f"{free} bytes are free under {self.layout.root}; {size} more would go below the reserve of "
                f"{self._reserve}",
                advice="Delete cached content, or move CACHE_DIR to a larger disk.",
            )

    def _take(self, path: Path) -> Draft:
        """In a thread: ``path`` as a draft; renamed, or copied where it lies on another filesystem."""
        self._check_writable()
        try:
            return Draft.take(path, self.layout.tmp, self._disk)
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {path} to store") from error
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ELOOP, errno.EBUSY):
                raise InvalidRequest(f"{path} can't be stored: {error.strerror}") from error
            if error.errno != errno.EXDEV:
                raise problem(error, f"{path} could not be stored") from error
        return self._copy(path)

    def _copy(self, path: Path) -> Draft:
        draft = self._begin(path.lstat().st_size)
        try:
            with os.fdopen(open_plain(path), "rb", buffering=0) as source:
                while data := source.read(PIECE):
                    draft.write(data)
            path.unlink()
        except OSError as error:
            draft.discard()
            raise problem(error, f"{path} could not be copied into the store") from error
        return draft

    async def _settle(self, draft: Draft, cid: CID, size: int, section: Section) -> Blob:
        """Put a whole draft in its place, unless a sound file is there; then owe it to the providers."""
        async with self._lock(cid):
            existed = await self._put(draft, cid, section)
        await self.ledger.owe(str(cid), size, existed=existed)
        return Blob(str(cid), size, existed)

    async def _here(self, cid: CID, size: int, section: Section) -> Blob | None:
        """The blob, if a sound file of it is in ``section``: nothing is to be written then; owed like a new one."""
        place = self.layout.place(cid, section)
        async with self._lock(cid):
            if not await self._verified.sound(place, cid):
                return None
            self.uses.note(str(cid), place)
        await self.ledger.owe(str(cid), size, existed=True)
        return Blob(str(cid), size, True)

    async def _put(self, draft: Draft, cid: CID, section: Section) -> bool:
        """Under the lock of ``cid``: whether a sound file was there already."""
        place = self.layout.place(cid, section)
        if await self._verified.sound(place, cid):
            self.uses.note(str(cid), place)
            return True
        self._check_writable()
        try:
            state = await asyncio.to_thread(draft.settle, place)
            self._verified.remember(place, stamp(state))
        except SyncFailed as error:
            self.read_only = f"fsync failed on {place}: {error.strerror}"
            log.critical("the store is read-only from now on: %s", self.read_only)
            raise problem(error, f"{cid} could not be made durable") from error
        except FileNotFoundError:
            self._mend()
            raise NotFound(f"{cid} was deleted from CACHE_DIR while it was stored", advice="Do it again.") from None
        except OSError as error:
            raise problem(error, f"{cid} could not be stored") from error
        self.uses.note(str(cid), place, new=True)
        self.census.add(state.st_size)
        return False

    async def _fetch(self, cid: CID, spoiled: Section | None) -> Path:
        """Under the lock of ``cid``: get it from a provider, into the section where a corrupt file was."""
        section: Section = spoiled or "blobs"

        async def settle(draft: Draft, imported: Imported) -> Blob:
            if CID.parse(imported.cid) != cid and not await asyncio.to_thread(names_file, cid, draft.path):
                raise WrongBytes(f"{imported.size} bytes that {cid} does not name")
            return Blob(str(cid), imported.size, await self._put(draft, cid, section))

        name = str(cid)
        outcome, met = await self.providers.load(
            name,
            lambda: Incoming(lambda: self._begin(0), self._room, settle),
            owner=self.ledger.asking(),
            holders=await self._holders(name),
        )
        await self._report(name, met)
        if outcome == "found":
            return self.layout.place(cid, section)
        if spoiled or outcome == "wrong":
            raise BlobCorrupt(f"{cid}: the stored bytes are not what it names", advice="Upload or render it again.")
        if outcome == "failed":
            raise Unavailable(f"{cid} is not here, and a storage provider did not answer", advice="Try again later.")
        raise NotFound(f"{cid} is not stored here nor at a provider", advice="Upload it, or add storage that has it.")

    async def _holders(self, cid: str) -> Mapping[str, int]:
        try:
            return await self.ledger.holders(cid)
        except ArtdagError as error:
            log.warning("%s is looked for everywhere: %s", cid, error.detail)
            return {}

    async def _report(self, cid: str, met: Mapping[str, str]) -> None:
        """Have copies made anew that were missing or wrong."""
        for provider_id, what in met.items():
            try:
                await self.ledger.wrong(
                    cid, provider_id, "wrong bytes" if what == "wrong" else "it was lost there", spoiled=what == "wrong"
                )
            except ArtdagError as error:
                log.warning("%s at %s is %s, which could not be noted: %s", cid, provider_id, what, error.detail)


def _hash(draft: Draft, path: Path) -> Imported:
    """In a thread. Raises Conflict if the file changes meanwhile."""
    importer = Importer()
    before = draft.stamp()
    try:
        draft.read_into(importer.update)
    except OSError as error:
        raise problem(error, f"{path} could not be read") from error
    if draft.stamp() != before:
        raise Conflict(f"{path} was still being written while it was stored")
    return importer.finish()


def _read_value(path: Path) -> Any:
    size = path.stat().st_size
    if size > MAX_VALUE:
        raise TooLarge(f"{path.stem} has {size} bytes: values of up to {MAX_VALUE} are read")
    return read_dag_json(path.read_bytes())


def _folders(top: Path) -> list[Path]:
    return [path for path in top.iterdir() if path.is_dir()] if top.is_dir() else []
