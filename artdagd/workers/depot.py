"""The folder of workers that don't see the node's: inputs that were fetched, kept within a bound, and work under way.

Several workers of a machine may share one. ``blobs/CID`` is what was fetched, ``tmp`` what is arriving, ``work`` has a
folder for each process and in it one for each lease, with hard links to its inputs. A blob with a second name is in use
and stays; of the others the one goes first that was used least lately (its access time, which is set here).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from artdagd.cid import CID, Importer, names_file
from artdagd.errors import ConfigError, StepFailed
from artdagd.store.files import stamp

MOST_BYTES = 16 << 30
"""What a depot may keep unless it is told otherwise."""


class Depot:
    """At most ``most`` bytes of blobs under ``folder``, those that are arriving and in use among them."""

    def __init__(self, folder: Path, most: int = MOST_BYTES) -> None:
        """Make the folders; remove what processes that are gone left half done. Raises ConfigError."""
        self.most = most
        self._blobs, self._tmp, self._work = (folder / name for name in ("blobs", "tmp", "work"))
        self._seen: dict[str, tuple[int, int, int]] = {}
        try:
            for each in (self._blobs, self._tmp, self._work):
                each.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with self._alone():
                self._sweep()
                self._own = self._work / secrets.token_hex(8)
                self._own.mkdir()
                self._held = _locked(self._own)
        except OSError as error:
            raise ConfigError(
                f"{folder} can't be used for what this worker fetches: {error.strerror}",
                advice="Give a folder that it may write to as --cache.",
            ) from None

    @contextlib.contextmanager
    def work(self, fence: int) -> Iterator[Path]:
        """A folder for a lease, which goes afterwards with all that is in it."""
        folder = self._own / str(fence)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def lend(self, cid: str, place: Path) -> bool:
        """Give the blob the second name ``place``, if it is here and whole. Each process hashes it once, and again when
        it changed."""
        kept = self._blobs / cid
        try:
            os.link(kept, place)
        except FileNotFoundError:
            return False
        now = stamp(os.stat(place))
        if self._seen.get(cid) != now and not names_file(CID.parse(cid), place):
            place.unlink()
            kept.unlink(missing_ok=True)
            return False
        self._seen[cid] = now
        os.utime(place, ns=(time.time_ns(), now[1]))
        return True

    def arrive(self, cid: str, size: int) -> Arriving | None:
        """A place for a blob of ``size`` bytes, for which others go; None while another process fetches the same.

        Raises StepFailed (``disk_full``) if it would not fit beside what is in use.
        """
        path = self._tmp / f"draft-{cid}"
        with self._alone():
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return None
            if not _is(file, path):  # Another process kept it just now.
                os.close(file)
                return None
            arriving = Arriving(CID.parse(cid), size, file, path, self._blobs / cid)
            try:
                os.ftruncate(file, 0)
                self._make_room(size)
                os.ftruncate(file, size)
            except BaseException:
                arriving.discard()
                raise
        return arriving

    def kept(self) -> dict[str, int]:
        """CID -> bytes of what is here, for display and tests."""
        return {entry.name: entry.stat().st_size for entry in os.scandir(self._blobs)}

    def _make_room(self, size: int) -> None:
        here = []
        for path in (*self._blobs.iterdir(), *self._tmp.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                here.append((path.stat(), path))
        total = sum(state.st_size for state, _ in here)
        unused = [(s.st_atime_ns, s.st_size, p) for s, p in here if s.st_nlink == 1 and p.parent == self._blobs]
        for _, count, path in sorted(unused):
            if total + size <= self.most:
                break
            path.unlink(missing_ok=True)
            total -= count
        if total + size > self.most:
            raise StepFailed(
                f"an input of {size} bytes does not fit into the {self.most} of this worker's --cache-bytes, of which "
                f"{total} are in use",
                code="disk_full",
                retryable=True,
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else makes room, or a draft, meanwhile."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _sweep(self) -> None:
        for left in (*self._tmp.iterdir(), *self._work.iterdir()):
            with contextlib.suppress(OSError):
                file = _locked(left)
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
                os.close(file)


class Arriving:
    """A blob on its way: take :meth:`write` in order, then :meth:`keep` or :meth:`discard` it."""

    def __init__(self, cid: CID, size: int, file: int, path: Path, target: Path) -> None:
        self.got = 0
        self._cid, self._size = cid, size
        self._file, self._path, self._target = file, path, target
        self._importer = Importer()

    def write(self, data: bytes) -> None:
        """Raises ValueError for more bytes than were announced, OSError."""
        if self.got + len(data) > self._size:
            raise ValueError(f"more than the {self._size} bytes that were announced")
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self._importer.update(data)
        self.got += len(data)

    def again(self) -> None:
        """Forget what came."""
        self.got = 0
        self._importer = Importer()
        os.lseek(self._file, 0, os.SEEK_SET)

    def keep(self, place: Path) -> bool:
        """Put it among the blobs, with the second name ``place``; False if the bytes are not what the CID names."""
        whole = self.got == self._size
        if not whole or (
            CID.parse(self._importer.finish().cid).v1() != self._cid.v1() and not names_file(self._cid, self._path)
        ):
            return False
        os.fchmod(self._file, 0o444)
        os.link(self._path, place)
        os.replace(self._path, self._target)
        return True

    def discard(self) -> None:
        """Remove what is not kept, and let others fetch it. Never raises; again is no error."""
        file, self._file = self._file, -1
        if file >= 0:
            with contextlib.suppress(OSError):
                if _is(file, self._path):
                    self._path.unlink()
            os.close(file)


def _is(file: int, path: Path) -> bool:
    """Whether the open ``file`` still has this name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _locked(path: Path) -> int:
    """A descriptor that holds a lock on a file or folder as long as the process lives. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file
