"""From any earlier schema to the newest, by Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from artdagd.errors import ConfigError


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are missing, up to ``revision``, in the transaction of ``connection``.

    Raises ConfigError if the schema is one that this version doesn't know.
    """
    config = _config()
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in revisions():
        raise ConfigError(
            f"the database was made by a newer artdagd (schema {current})",
            advice="Install that version or a later one.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revisions() -> set[str]:
    """The schemas that this version knows."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "artdagd:database/migrations")
    return config
