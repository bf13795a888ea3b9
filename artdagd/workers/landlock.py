"""Landlock (Linux 5.13, landlock(7)): a process gives up, for good, what of the file system and the network it does not
need. By system calls of our own: they are three, and their numbers are the same on every architecture."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446
VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
TRUNCATE = 1 << 14
ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Of which ABI on which rights on files are known; REFER came with 2, TRUNCATE with 3, IOCTL_DEV with 5."""

OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
"""The rights that a rule for what is no folder may name."""

READ = EXECUTE | READ_FILE | READ_DIR
TCP = 3
"""To bind and to connect (ABI 4)."""

SCOPES = 3
"""Abstract Unix sockets and signals of processes outside (ABI 6)."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """What the kernel has: 0 is none, or that it was turned off at boot."""
    return max(0, int(_libc.syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))))


def restrict(reads: Iterable[Path], writes: Iterable[Path], *, offline: bool) -> int:
    """Leave this thread, and the threads and processes that it begins, nothing but reading (and executing) beneath
    ``reads`` and everything beneath ``writes``; ``offline``: and no TCP, from ABI 4 on. From ABI 6 on it can't signal
    who is not restricted so. What is not there is passed over. Returns the ABI, 0 if there is none; raises OSError.

    Files that are open stay open, and Unix sockets with a path can be connected to. To be called before other threads
    are begun.
    """
    version = abi()
    if not version:
        return 0
    known = ALL[max(number for number in ALL if number <= version)]
    rules = _Ruleset(known, TCP if offline and version >= 4 else 0, SCOPES if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _checked(_libc.syscall(CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for places, allowed in ((reads, READ), (writes, known)):
            for place in places:
                _allow(ruleset, place, allowed)
        _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, place: Path, allowed: int) -> None:
    try:
        parent = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            allowed &= OF_FILES
        rule = _Beneath(allowed, parent)
        _checked(
            _libc.syscall(
                ADD, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
            )
        )
    finally:
        os.close(parent)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
