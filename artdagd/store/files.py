"""Durable files: the one place where the store touches the disk.

Order of a write (law 5): temporary file on the same filesystem, fsync, rename, fsync of the folder. A failed fsync is
never tried again: the kernel may have dropped the pages, and a second fsync would report success (fsyncgate).
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from artdagd.errors import ArtdagError, StorageFull, Unavailable

READ_ONLY = 0o444
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SyncFailed(OSError):
    """An fsync failed: what was written may be lost, and nothing may be written any more."""


class Disk:
    """The calls that can fail. A test replaces one of them to fail on purpose.

    ``durable`` holds the folders whose own names were synced since the process started.
    """

    def __init__(self) -> None:
        self.durable: set[Path] = set()

    def write(self, fd: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def free(self, folder: Path) -> int:
        """Bytes that an unprivileged process may still write."""
        state = os.statvfs(folder)
        return state.f_bavail * state.f_frsize


def problem(error: OSError, what: str) -> ArtdagError:
    """The error to show for ``error``: StorageFull when there is no space, else Unavailable."""
    if error.errno in _NO_SPACE:
        return StorageFull(f"{what}: {error.strerror}", advice="Free space under CACHE_DIR, then try again.")
    return Unavailable(
        f"{what}: {error.strerror or error}", advice="Look at the disk under CACHE_DIR and the system log."
    )


class Draft:
    """A file on its way into the store, in ``tmp``; locked, so that a sweep by another process leaves it alone.

    Its methods block; any thread may call them, one at a time.
    """

    _fd = -1

    def __init__(self, path: Path, fd: int, disk: Disk) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.path = path
        self._disk = disk
        self._turn = threading.Lock()
        self._fd = fd

    @classmethod
    def create(cls, tmp: Path, disk: Disk) -> Draft:
        """A new, empty draft. Raises OSError."""
        path = _fresh(tmp)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            return cls(path, fd, disk)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise

    @classmethod
    def take(cls, path: Path, tmp: Path, disk: Disk) -> Draft:
        """The file ``path``, moved into ``tmp`` by renaming. Raises OSError; EXDEV if it lies on another filesystem.

        Only a regular file with one name is taken: a link could make the store name, or later change, something else.
        """
        fd = open_plain(path)
        taken = _fresh(tmp)
        try:
            disk.replace(path, taken)
        except OSError:
            os.close(fd)
            raise
        try:
            if stamp(os.lstat(taken)) != stamp(os.fstat(fd)):
                raise OSError(errno.EBUSY, "the file was exchanged while it was taken")
            return cls(taken, fd, disk)
        except OSError as error:
            os.close(fd)
            taken.unlink(missing_ok=True)
            raise OSError(errno.EBUSY, error.strerror) from error

    def write(self, data: bytes) -> None:
        with self._turn:
            if self._fd < 0:
                raise OSError(errno.EBADF, "the draft is closed")
            self._disk.write(self._fd, data)

    def read_into(self, take: Callable[[memoryview], object]) -> None:
        """Hand all bytes to ``take``, 1 MiB at a time; none that are added meanwhile."""
        buffer = memoryview(bytearray(1 << 20))
        offset = 0
        with self._turn:
            size = os.fstat(self._fd).st_size
            while count := os.preadv(self._fd, [buffer[: size - offset]], offset):
                take(buffer[:count])
                offset += count

    def stamp(self) -> tuple[int, int, int]:
        """As :func:`stamp`: equal before and after a reading if nobody wrote in between."""
        return stamp(os.fstat(self._fd))

    def settle(self, target: Path) -> os.stat_result:
        """Make the file durable under ``target`` and read-only. Raises OSError; SyncFailed if an fsync failed."""
        with self._turn:
            os.fchmod(self._fd, READ_ONLY)
            self._sync(self._fd)
            folder = target.parent
            if folder not in self._disk.durable or not folder.is_dir():
                folder.mkdir(exist_ok=True)
                self._sync_folder(folder.parent)
                self._disk.durable.add(folder)
            self._disk.replace(self.path, target)
            state = os.fstat(self._fd)
            self._sync_folder(folder)
            self._close()
            return state

    def discard(self) -> None:
        """Remove the file, if it was not settled. Never raises."""
        with self._turn:
            if self._fd >= 0:
                self.path.unlink(missing_ok=True)
                self._close()

    def __del__(self) -> None:
        # A thread made it, and whoever waited for it was cancelled meanwhile.
        if self._fd >= 0:
            self.discard()

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)

    def _sync(self, fd: int) -> None:
        try:
            self._disk.fsync(fd)
        except OSError as error:
            raise SyncFailed(error.errno, error.strerror) from error

    def _sync_folder(self, folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._sync(fd)
        finally:
            os.close(fd)


def _fresh(tmp: Path) -> Path:
    return tmp / f"draft-{secrets.token_hex(8)}"


def open_plain(path: Path) -> int:
    """A descriptor for reading a regular file with one name. Raises OSError for anything else."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    state = os.fstat(fd)
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file with one name")
    return fd


def stamp(state: os.stat_result) -> tuple[int, int, int]:
    """What tells one content of a file from another without reading it: inode, mtime in ns, size in bytes."""
    return state.st_ino, state.st_mtime_ns, state.st_size


def sweep(tmp: Path) -> int:
    """Remove the drafts that no living process holds; returns how many."""
    count = 0
    for path in tmp.glob("draft-*"):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            count += 1
        except OSError:
            continue
        finally:
            os.close(fd)
    return count
