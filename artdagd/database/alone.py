"""One daemon a home and a database file, and none while a command changes what is the daemon's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from artdagd.database.opening import file_of, parse
from artdagd.errors import ConfigError
from artdagd.system.lock import Lock


@contextmanager
def alone(home: Path, url: str) -> Iterator[None]:
    """Hold a home, and the file of the database at ``url`` if it is SQLite's. Raises ConfigError if another daemon has
    one of them."""
    file = file_of(parse(url))
    with ExitStack() as stack:
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"can't use {home} as ARTDAG_HOME: {error.strerror}", advice="Check its path.") from None
        lock = Lock(home / "lock", str(home), "Stop it, or set ARTDAG_HOME to another folder.")
        stack.callback(lock.close)
        if file is not None:
            real = file.resolve()
            lock = Lock(
                real.with_name(real.name + ".lock"),
                f"the database file {file}",
                "Stop it, or set DATABASE_URL to another file; several nodes share a PostgreSQL.",
            )
            stack.callback(lock.close)
        yield
