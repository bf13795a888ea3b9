"""Runs a command under the system call rules of a unit, as systemd would set them: ``confined.py NAME… -- COMMAND…``

The names are the calls that are allowed; others fail with EPERM, and memory is never writable and executable if
``-strict`` is among them (prctl PR_SET_MDWE, Linux 6.3). By libseccomp, which systemd uses, too.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 38, 65


def main() -> None:
    end = sys.argv.index("--")
    names, command = sys.argv[1:end], sys.argv[end + 1 :]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the unit's LimitNOFILE
    library, system = ctypes.CDLL("libseccomp.so.2"), ctypes.CDLL(None)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add(rules, ctypes.c_uint32(ALLOW), number, 0)
    if "-strict" in names:
        system.prctl(PR_SET_MDWE, 1, 0, 0, 0)
    system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if library.seccomp_load(rules) != 0:
        sys.exit("the rules can't be loaded")
    os.execv(command[0], command)


main()
