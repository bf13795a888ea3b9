"""The node's state: tables, migrations, one repository per aggregate; SQLite or PostgreSQL, one SQL for both."""

from artdagd.database.engine import Database

__all__ = ["Database"]
