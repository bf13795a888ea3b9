"""A file that tells who sees the node's folder from who does not: he can say what is in it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

_NAME = re.compile("sign-[0-9a-f]{32}")
_TEXT = re.compile("[0-9a-f]{32}")


class Sign:
    """A file of random name and content in ``scratch``, where workers beside the node leave their results."""

    def __init__(self, scratch: Path) -> None:
        self.path = scratch / f"sign-{secrets.token_hex(16)}"
        self.text = secrets.token_hex(16)

    def put_up(self) -> None:
        """Make the folder and the file. What an earlier daemon left is removed."""
        scratch = self.path.parent
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The folder itself stays: a worker's sandbox may have been made of it.
        for left in scratch.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        self.path.write_text(self.text)

    def keep_up(self) -> None:
        """Put it up again if somebody deleted the folder."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.write_text(self.text)


def seen(file: str) -> str:
    """What the sign ``file`` says, to one who may leave files beside it; empty for all others.

    Nothing but a sign is told of, whatever a node asks for.
    """
    path = Path(file)
    try:
        text = path.read_text() if _NAME.fullmatch(path.name) and path.stat().st_size == 32 else ""
    except (OSError, ValueError):
        return ""
    return text if _TEXT.fullmatch(text) and os.access(path.parent, os.W_OK | os.X_OK) else ""
