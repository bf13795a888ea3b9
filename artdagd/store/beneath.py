"""Opening a file beneath a folder, and nothing else, whatever its path says: openat2(2), Linux 5.6 and newer.

The kernel walks the path and refuses on the way, so there is no moment between a check and an opening. Nothing replaces
it: where the call is missing, nothing is opened.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os

OPENAT2 = 437
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
TRIES = 16
"""How often an opening that a renaming disturbed (EAGAIN) is tried."""


class _How(ctypes.Structure):
    """struct open_how of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(folder: int, path: str, flags: int) -> int:
    """A descriptor of ``path``, counted from the descriptor ``folder``. Closed on exec.

    Raises OSError: EXDEV if the path leads out of the folder or is absolute, ELOOP for a symbolic link anywhere in it,
    EAGAIN if renamings kept disturbing it, ENOSYS or EPERM where the kernel or a sandbox has no openat2. ValueError if
    the path can't be one: it has a NUL character, or half a surrogate pair.
    """
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("a path has no NUL character")
    how = _How(flags | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
    for _ in range(TRIES):
        found: int = _call()(OPENAT2, folder, name, ctypes.byref(how), ctypes.sizeof(how))
        if found >= 0:
            return found
        number = ctypes.get_errno()
        if number not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(number, os.strerror(number), path)


def works() -> bool:
    """Whether this kernel opens what lies beneath a folder, and refuses what does not."""
    folder = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(open_beneath(folder, ".", os.O_PATH))
        os.close(open_beneath(folder, "..", os.O_PATH))
    except OSError as error:
        return error.errno == errno.EXDEV
    finally:
        os.close(folder)
    return False


@functools.cache
def _call() -> ctypes._NamedFuncPointer:
    """syscall(2): the C library has no function for this call."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    return call
