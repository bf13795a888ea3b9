"""The templates of pages, compiled and kept between starts: compiling one takes up to a tenth of a second."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

from artdagd import __version__

VERSION = f"{__version__}-jinja{jinja2.__version__}"
"""What another version compiled is not used: filters of constants are in it. Jinja itself looks at text and Python."""


class Compiled(FileSystemBytecodeCache):
    """In a folder of ``root``, which no worker may write to: it is code, and the daemon runs it. What can't be read or
    written counts as not there."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root / VERSION), "%s")
        self._root = root

    def load_bytecode(self, bucket: Bucket) -> None:
        # A file that a crash left torn fails in any of the ways of pickle and marshal.
        try:
            super().load_bytecode(bucket)
        except Exception:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
            super().dump_bytecode(bucket)

    def fill(self, environment: jinja2.Environment, enough: Callable[[], bool]) -> None:
        """Compile all templates until it is ``enough``, unless this version has, and forget what others compiled."""
        complete = Path(self.directory, "complete")
        if complete.exists():
            return
        shutil.rmtree(self._root, ignore_errors=True)
        for name in environment.list_templates():
            if enough():
                return
            environment.get_template(name)
        with contextlib.suppress(OSError):
            complete.touch()
