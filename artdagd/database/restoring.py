"""A backup into a database that is new or empty."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from artdagd.database import opening
from artdagd.database.checking import Needed, check
from artdagd.database.copying import Rows, Tell, copy
from artdagd.errors import ConfigError


async def restore(file: Path, url: str, tell: Tell) -> tuple[dict[str, Rows], Needed]:
    """Copy the backup ``file`` into the database at ``url``; what is there now, and the blobs that it counts on.

    The backup stays as it is: one of an older schema is brought up to date in a copy. Raises ConfigError if the backup
    is damaged or was made by a newer artdagd, Conflict if there are rows in the database.
    """
    await asyncio.to_thread(_look, file)
    found, needed = await check(f"sqlite:///{file}")
    if found.faults:
        raise ConfigError(f"the backup {file} is damaged: {found.faults[0]}", advice="Take another one.")
    if found.schema == found.newest:
        return await copy(f"sqlite:///{file}", url, tell), needed
    with tempfile.TemporaryDirectory(prefix="artdagd-restore-") as folder:
        brought = Path(folder) / "backup.sqlite"
        await asyncio.to_thread(shutil.copyfile, file, brought)
        await (await opening.open_engine(f"sqlite:///{brought}")).dispose()
        return await copy(f"sqlite:///{brought}", url, tell), needed


def _look(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            begins = opened.read(16)
    except OSError as error:
        raise ConfigError(f"can't read the backup {file}: {error.strerror}") from None
    if not begins.startswith(b"SQLite format 3"):
        raise ConfigError(f"{file} is no backup: it is no SQLite database", advice="Name what db backup wrote.")
