"""Alembic's entry: runs inside the connection that ``Database.open`` holds."""

from alembic import context

from artdagd.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
