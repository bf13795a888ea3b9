"""Files under the operator's import roots: opened so that nothing else can be reached, and read once."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

from artdagd.errors import (
    ArtdagError,
    ConfigError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooBusy,
    TooLarge,
    Unavailable,
)
from artdagd.store.beneath import open_beneath, works
from artdagd.store.files import stamp
from artdagd.store.lane import Lane

log = logging.getLogger(__name__)

T = TypeVar("T")

PIECE = 1 << 20
"""Bytes that are read at once."""

SILENCE = 30.0
"""Seconds that opening a file, or reading its next ``PIECE``, may take."""

MOST = 8
"""Imports at once; one whose disk hangs counts until the disk lets go."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FORBIDDEN = {
    errno.ELOOP: "is a symbolic link or lies behind one",
    errno.EXDEV: "leads out of the import root",
    errno.EACCES: "can't be read by the node's user",
    errno.EPERM: "can't be read by the node's user",
}
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class Imports:
    """Brings in files that lie under ``roots``, folders that the operator named. Without any, nothing is brought in.

    A file may have ``limit`` bytes. No root may hold one of ``own``, the node's own files and folders, or lie in one:
    who may import would read tokens there.
    """

    def __init__(
        self, roots: Sequence[Path], *, limit: int, own: Sequence[Path] = (), silence: float = SILENCE
    ) -> None:
        self._roots = tuple(roots)
        self._limit = limit
        self._own = tuple(own)
        self._silence = silence
        self._lanes: list[Lane] = []

    async def check(self) -> None:
        """For the start. Raises ConfigError if a root must not be one, or if this kernel can't guard them.

        A root that is not there is logged: its disk may be mounted later.
        """
        if self._roots and not works():
            raise ConfigError(
                "import_roots is set, and openat2 does not work here, which keeps an import beneath its root",
                advice="It needs Linux 5.6 and a sandbox that allows it. Leave import_roots empty without.",
            )
        for root in self._roots:
            lane = Lane("import roots")
            try:
                await lane.do(lambda root=root: os.close(_open_root(root, self._own)), self._silence)  # type: ignore[misc]
            except Forbidden as error:
                raise ConfigError(
                    f"import_roots: {root}: {error.detail}", advice="Name a folder that has nothing but media in it."
                ) from None
            except OSError as error:
                log.warning("import root %s: %s; nothing is imported from it now", root, error.strerror or "no answer")
            finally:
                lane.close(lambda: None)

    @asynccontextmanager
    async def open(self, path: str) -> AsyncIterator[Source]:
        """The file ``path``: absolute, or counted from the first root that has it.

        Raises Forbidden for all that is not a regular file with one name under a root, NotFound, InvalidRequest if it
        can't be a path, TooLarge, TooBusy, Conflict if it moves all the time, Unavailable if its disk fails or hangs.
        """
        if not self._roots:
            raise Forbidden(
                "this node imports no files: it has no import roots",
                advice="Upload the file, or ask the operator to set import_roots (ARTDAG_IMPORT_ROOTS).",
            )
        self._lanes = [lane for lane in self._lanes if lane.busy]
        if len(self._lanes) >= MOST:
            raise TooBusy(f"{MOST} files are being imported", advice="Wait for them.", retry_after=5)
        lane = Lane("import")
        self._lanes.append(lane)
        source = Source(path, lane, self._silence)
        try:
            await source.begin(self._roots, self._own, self._limit)
            yield source
        finally:
            lane.close(source.release)


class Source:
    """One file under a root, of ``size`` bytes. Only its lane touches the disk."""

    def __init__(self, path: str, lane: Lane, silence: float) -> None:
        self.path = path
        self.size = 0
        self._lane = lane
        self._silence = silence
        self._file = -1
        self._stamp = (0, 0, 0)

    async def begin(self, roots: Sequence[Path], own: Sequence[Path], limit: int) -> None:
        """Open it. Raises as :meth:`Imports.open` does."""
        await self._do(lambda: self._open(roots, own))
        if self.size > limit:
            raise TooLarge(f"{self.path} has {self.size} bytes, more than {limit}, the limit here")

    async def chunks(self) -> AsyncIterator[bytes]:
        """All its bytes, at most ``PIECE`` at a time. Raises Conflict if it grows, shrinks or is written meanwhile."""
        left = self.size
        while left:
            count = min(left, PIECE)
            data = await self._do(lambda count=count: _read(self._file, count))  # type: ignore[misc]
            if len(data) < count:
                raise self._changed()
            left -= count
            yield data
        if await self._do(self._differs):
            raise self._changed()

    def release(self) -> None:
        """In the lane: close it."""
        if self._file >= 0:
            os.close(self._file)

    def _open(self, roots: Sequence[Path], own: Sequence[Path]) -> None:
        self._file = _find(self.path, roots, own)
        state = os.fstat(self._file)
        self.size, self._stamp = state.st_size, stamp(state)
        with suppress(OSError):
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def _differs(self) -> bool:
        """Whether more can be read than there was, or somebody wrote. Files of /proc say that they are empty."""
        return bool(_read(self._file, 1)) or stamp(os.fstat(self._file)) != self._stamp

    async def _do(self, job: Callable[[], T]) -> T:
        try:
            return await self._lane.do(job, self._silence)
        except TimeoutError:
            raise Unavailable(
                f"{self.path}: nothing came for {self._silence:g} s", advice="Look at the disk that it lies on."
            ) from None
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> ArtdagError:
        if why := _FORBIDDEN.get(error.errno or 0):
            return Forbidden(f"{self.path} {why}", advice="Import a plain file under an import root, or upload it.")
        if error.errno in _ABSENT:
            return NotFound(f"there is no {self.path} under the import roots")
        if error.errno == errno.EAGAIN:
            return Conflict(f"{self.path} is being moved or locked", advice="Import it when that is over.")
        if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
            return InvalidRequest(f"{self.path} is not a path that a file can have")
        return Unavailable(
            f"{self.path} could not be read: {error.strerror}", advice="Look at the disk that it lies on."
        )

    def _changed(self) -> Conflict:
        return Conflict(f"{self.path} changed while it was read", advice="Import it when it is finished.")


def _find(path: str, roots: Sequence[Path], own: Sequence[Path]) -> int:
    """In a thread: a descriptor for reading the file that ``path`` names. Raises OSError, Forbidden, InvalidRequest.

    What it is, is looked at before it is opened for reading: opening alone has effects on a device or a FIFO. The
    second opening goes through the descriptor of the first, so it is the same file (proc_pid_fd(5)).
    """
    absent: OSError | None = None
    for root in roots:
        try:
            folder = _open_root(root, own)
        except OSError as error:
            if not path.startswith("/") or _whole(path).is_relative_to(root):
                absent = error
            continue
        try:
            for inside in _insides(path, root, folder):
                found = open_beneath(folder, inside, os.O_PATH)
                try:
                    _check_plain(path, os.fstat(found))
                    return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
                finally:
                    os.close(found)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            absent = error
        except ValueError:  # no text that a file's name could be
            raise InvalidRequest("the path is not valid Unicode, or has a NUL character") from None
        finally:
            os.close(folder)
    if absent is None:
        raise Forbidden(
            f"{path} lies under no import root of this node",
            advice="Upload it, or ask the operator to add its folder to import_roots (ARTDAG_IMPORT_ROOTS).",
        )
    raise absent


def _open_root(root: Path, own: Sequence[Path]) -> int:
    """In a thread: a descriptor of ``root``. Raises OSError; Forbidden if it holds the node's own, or lies there."""
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    real = _real(folder)
    for mine in own:
        theirs = PurePosixPath(os.path.realpath(mine))
        if theirs.is_relative_to(real) or real.is_relative_to(theirs):
            os.close(folder)
            raise Forbidden("an import root must not hold, or lie in, the folders of the node itself")
    return folder


def _real(folder: int) -> PurePosixPath:
    return PurePosixPath(os.readlink(f"/proc/self/fd/{folder}"))


def _insides(path: str, root: Path, folder: int) -> Iterator[str]:
    """``path`` as counted from ``root``: as it is if relative, else what follows one of the root's two names.

    A guess at a name and no check: the opening decides.
    """
    if not path.startswith("/"):
        yield path
        return
    whole = _whole(path)
    for name in (PurePosixPath(root), _real(folder)):
        if whole.is_relative_to(name):
            yield str(whole.relative_to(name))
            return


def _whole(path: str) -> PurePosixPath:
    return PurePosixPath("/" + path.lstrip("/"))


def _check_plain(path: str, state: os.stat_result) -> None:
    """Raises Forbidden for all but regular files with one name: another name may be one outside of the root."""
    if not stat.S_ISREG(state.st_mode):
        kind = _KINDS.get(stat.S_IFMT(state.st_mode), "no file")
        raise Forbidden(f"{path} is {kind}", advice="Only regular files are imported.")
    if state.st_nlink != 1:
        raise Forbidden(
            f"{path} has {state.st_nlink} names (hard links), which may lie outside of the import root",
            advice="Copy it, and import the copy.",
        )


def _read(file: int, count: int) -> bytes:
    """``count`` bytes; fewer at the end of the file alone."""
    parts = []
    while count and (data := os.read(file, count)):
        parts.append(data)
        count -= len(data)
    return b"".join(parts)
