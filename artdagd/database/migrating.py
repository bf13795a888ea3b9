"""From any earlier schema to the newest, by Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from artdagd.database.opening import judged


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are missing, up to ``revision``, in the transaction of ``connection``.

    Raises ConfigError if the schema is one that this version doesn't know.
    """
    config = _config()
    current = MigrationContext.configure(connection).get_current_revision()
    judged(current)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revisions() -> set[str]:
    """The schemas that this version knows."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "artdagd:database/migrations")
    return config
