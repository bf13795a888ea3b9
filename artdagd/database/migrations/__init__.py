"""Schema migrations, run by Alembic when the database is opened."""
