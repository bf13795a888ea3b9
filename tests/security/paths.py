"""Hostile paths, names and Host headers. Published spellings of traversal (OWASP's and others'), combined here."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import artdagd.web

UPS = (
    "../", "..\\", "..//", "../\\", "..;/", "....//", "...\\", "..\\/", "./../", ".//../", "/../", "\\..\\",
    "%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "%2e%2e%5c", ".%2e/", "%2E%2E%2F", "%2e./", "%252e%252e%252f",
    "..%252f", "..%255c", "%252e%252e/", "%25252e%25252e%25252f", "..%c0%af", "%c0%ae%c0%ae/",
    "%c0%ae%c0%ae%c0%af", "..%c1%9c", "%e0%80%ae%e0%80%ae/", "%f0%80%80%ae%f0%80%80%ae/", "..%ef%bc%8f",
    "%uff0e%uff0e%u2215", "..%u2215", "..%00/", "..%0d%0a/", "..%09/", "..%20/", "．．/", "．．／", "‥/", "..∕",
    "..⁄", "․․/", "…/", "..／", "。。/", "..＼", "\u202e../", "..\u200b/",
)  # fmt: skip
"""Spellings of one step up: plain, backslashes, single, double and triple percent-encoding, overlong UTF-8, dots and
slashes of other alphabets."""

TARGETS = ("etc/passwd", "canary", "admin-token")
DEPTHS = (1, 3, 8)

WHOLE = (
    "/etc/passwd", "//etc/passwd", "///etc///passwd", "/./etc/./passwd", "/etc/../etc/passwd", "\\etc\\passwd",
    "%2fetc%2fpasswd", "%252fetc%252fpasswd", "file:///etc/passwd", "file://localhost/etc/passwd",
    "FILE:/etc/passwd", "~", "~root/.ssh/id_rsa", "~/.artdag/admin-token", "$HOME/.artdag/admin-token",
    "${ARTDAG_HOME}/admin-token", "C:\\Windows\\win.ini", "C:/Windows/win.ini", "C:admin-token",
    "\\\\host\\share\\file", "\\\\?\\C:\\x", "//host/share",
)  # fmt: skip

MAGIC = (
    "/proc/self/root/etc/passwd", "/proc/self/cwd/pyproject.toml", "/proc/self/environ", "/proc/self/cmdline",
    "/proc/self/maps", "/proc/self/mem", "/proc/self/fd/0", "/proc/self/fd/3", "/proc/self/exe",
    "/proc/thread-self/root", "/proc/1/root/etc/passwd", "/proc/1/environ", "/proc/version", "/proc/kcore",
    "/proc/kmsg", "/proc/sys/kernel/hostname", "/dev/fd/0", "/dev/stdin", "/dev/zero", "/dev/random",
    "/dev/full", "/dev/null", "/dev/tty", "/dev/mem", "/dev/shm/../../etc/passwd", "/sys/kernel/notes",
    "/run/secrets/token", "/var/run/docker.sock",
)  # fmt: skip

WINDOWS = (
    *("CON", "PRN", "AUX", "NUL", "COM1", "LPT1", "CONIN$", "CLOCK$"),
    *("CON.mp4", "PRN.mp4", "AUX.mp4", "NUL.mp4", "COM1.mp4", "LPT1.mp4"),
    "file.mp4::$DATA", "file.mp4:stream", "file.mp4.", "file.mp4 ", "FILE~1.MP4",
)  # fmt: skip

ODD = (
    ".", "..", "...", "....", "/", "//", "\\", "./", "../", "-", "--", "-rf", "--help", "*", "?", "[a-z]",
    "{a,b}", "!", "\0", "\0/etc/passwd", "clip.mp4\0", "clip.mp4\0.txt", "a\0b", "%00", "clip.mp4%00.txt",
    "%2500", "\r\n", "a\r\nSet-Cookie: x=1", "a%0d%0aLocation:%20http://evil.example", "a\nb", "a\rb", "a\tb",
    "\x7f", "\x1b[31m", "\ufeff", "\ufffd", "\uffff", "\U0010ffff", "\u202etxt.exe", "é", "e\u0301", "ﬁ", "ß",
    "İ", "日本語.mp4", "👁.mp4", "%", "%%", "%zz", "%c0", "%ff", "%fe%ff", "%ed%a0%80", "%u0000",
    "&#x2e;&#x2e;/", "..&#47;", "a" * 255, "a" * 256, "a" * 4095, "a" * 4096, "a/" * 2000,
    "../" * 1300 + "etc/passwd", "%2e%2e%2f" * 500, "é" * 2000, "'", '"', "`id`", "$(id)", "; cat /etc/passwd",
    "| cat /etc/passwd", "' OR '1'='1", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "concat:/etc/passwd",
    "subfile,,start,0,end,9,,:/etc/passwd", "data:text/plain,x", "pipe:0", "lavfi:testsrc",
    "javascript:alert(1)", "?path=/etc/passwd", "#/etc/passwd", ";/etc/passwd", "null", "undefined", "NaN",
    "-1", "0", ".git/config", ".env", "admin-token", "artdagd.sqlite", "lock", "address", "run/workers.sock",
    "cache/tmp", "static",
)  # fmt: skip


def corpus(canary: Path, home: Path) -> list[str]:
    """Every string, each once, in an order that doesn't change: more than 300. ``canary`` is a file beside ``home``."""
    ups = [
        up * depth + target for up, depth, target in product(UPS, DEPTHS, TARGETS) if depth == 3 or target != "canary"
    ]
    places = (home, home / "cache", home / "cache/blobs/aa", home / "cache/tmp", Path.cwd(), *_web())
    near = [os.path.relpath(canary, place) for place in places]
    real = [
        str(canary), "/" + str(canary), f"file://{canary}", f"/proc/self/root{canary}", f"/proc/self/cwd/{near[4]}",
        f"{home}/../canary", f"{home}/admin-token", f"{home}/artdagd.sqlite", f"{home}/cache/../../canary", str(home),
    ]  # fmt: skip
    spelt = [
        path.replace("/", slash).replace("..", dots)
        for path in near
        for slash, dots in (("%2f", "%2e%2e"), ("\\", ".."))
    ]
    return list(dict.fromkeys([*ups, *WHOLE, *MAGIC, *WINDOWS, *ODD, *near, *real, *spelt]))


def _web() -> tuple[Path, ...]:
    web = Path(artdagd.web.__file__).parent
    return web, web / "static", web / "templates"


FOREIGN = "evil.example"

HOSTS = (
    FOREIGN, f"{FOREIGN}:80", f"{FOREIGN}:8100", f"www.{FOREIGN}", f"{FOREIGN}.", f"{FOREIGN.upper()}",
    f".{FOREIGN}", f"127.0.0.1.{FOREIGN}", f"localhost.{FOREIGN}", f"127.0.0.1@{FOREIGN}", f"user:pw@{FOREIGN}",
    f"{FOREIGN}#127.0.0.1", f"{FOREIGN}?127.0.0.1", f"{FOREIGN}/127.0.0.1", f"{FOREIGN}\\127.0.0.1",
    f"127.0.0.1:80@{FOREIGN}", f"http://{FOREIGN}", f"//{FOREIGN}", f"{FOREIGN}%00127.0.0.1",
    f"{FOREIGN}%0d%0aX: y", f"{FOREIGN}, 127.0.0.1", f"{FOREIGN} 127.0.0.1", f"127.0.0.1 {FOREIGN}",
    f"127.0.0.1,{FOREIGN}", f"127.0.0.1;{FOREIGN}", f"[::1].{FOREIGN}", f"[::1]@{FOREIGN}", f"xn--{FOREIGN}",
    "evil。example", "evil．example", "ｅｖｉｌ.example", f"{FOREIGN}\t", f"{FOREIGN}\x7f", f"\x01{FOREIGN}",
    f"{FOREIGN}:0", f"{FOREIGN}:-1", f"{FOREIGN}:65536", f"{FOREIGN}:99999999999", f"{FOREIGN}:abc",
    f"{FOREIGN}:", f"{FOREIGN}::", f"{FOREIGN}:80:80", f"{FOREIGN}:80@127.0.0.1", f"<script>@{FOREIGN}",
    f'"{FOREIGN}"', f"'{FOREIGN}'", f"{{{FOREIGN}}}", f"${{jndi:ldap://{FOREIGN}/x}}", "{{7*7}}",
    "../../etc/passwd", "/etc/passwd", "..", ".", "-", "_", "*", "%", "%2e", "", " ", ":", ":80", "@", "[", "]",
    "[]", "[::", "[::1", "::1", "[::1]:x", "[::ffff:127.0.0.1]", "[fe80::1%25lo]", "0", "0.0.0.0", "127.1",
    "2130706433", "0x7f000001", "017700000001", "169.254.169.254", "a" * 300, "a." * 2000, "\xff\xfe", "é",
    "null", "undefined", "localhost:0", "LOCALHOST", "127.0.0.1:1",
)  # fmt: skip
"""Values of a Host header that are not this node's."""
