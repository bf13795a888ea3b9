"""Sessions, revocations, publications, storage providers, what plugins keep; what a run was asked with.

Spelled out, not taken from ``tables.py``: a migration must go on making what it made when it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("runs", sa.Column("request_digest", sa.String(64)))
    _people()
    op.create_table(
        "publications",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("cid", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("activity_id", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("publications_cid_owner", "publications", ["cid", "owner"], unique=True)
    op.create_table(
        "providers",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("provider_id", sa.String(64), nullable=False, unique=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("config_json", sa.Text, nullable=False),
        sa.Column("secrets", sa.Text),
        sa.Column("capacity_bytes", sa.BigInteger),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("providers_owner_name", "providers", ["owner", "name"], unique=True)
    op.create_table(
        "plugin_values",
        sa.Column("plugin", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value_json", sa.Text, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_hash", sa.String(64), primary_key=True),
        sa.Column("ticket_hash", sa.String(64)),
        sa.Column("user", sa.String(255), nullable=False),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("scopes_json", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
    )
    op.create_index("sessions_user", "sessions", ["user"])
    op.create_index("sessions_ticket", "sessions", ["ticket_hash"])
    op.create_table(
        "revocations",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("revoked_at", sa.String(32), nullable=False),
    )
