"""What those wait for who watch a run through another node than the one that makes it.

Spelled out, not taken from ``tables.py``: a migration must go on making what it made when it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wants",
        sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("node_id", sa.String(32), primary_key=True),
        sa.Column("segments_json", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
