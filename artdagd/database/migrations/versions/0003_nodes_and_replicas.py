"""Copies of blobs at storage providers, and whose copies a provider keeps; what was fetched from IPFS. Nodes
on one database: who they are, which runs are theirs, which results they are making.

Spelled out, not taken from ``tables.py``: a migration must go on making what it made when it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replicas()
    _fetched()
    _nodes()
    _claims()


def _claims() -> None:
    # What publications name is kept when the run that made it is deleted.
    op.add_column("publications", sa.Column("provenance_cid", sa.String(128)))
    op.execute(
        "UPDATE publications SET provenance_cid = (SELECT max(runs.provenance_cid) FROM runs"
        " WHERE runs.output_cid = publications.cid AND runs.owner = publications.owner)"
    )
    op.create_index("publications_provenance", "publications", ["provenance_cid"])
    for column in ("plan_id", "provenance_cid", "recipe_id"):
        op.create_index(f"runs_{column}", "runs", [column])
    op.create_index("steps_output", "steps", ["output_cid"])


def _replicas() -> None:
    # Until now administrators alone could add one, and it served everybody.
    op.add_column("providers", sa.Column("for_node", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_table(
        "replicas",
        sa.Column("cid", sa.String(128), primary_key=True),
        sa.Column("provider_id", sa.String(255), primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("spoiled", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float),
        sa.Column("lease", sa.Float),
        sa.Column("error", sa.Text),
        sa.Column("updated_at", sa.String(32), nullable=False),
    )
    op.create_index("replicas_due", "replicas", ["provider_id", "node", "due_at"])
    op.create_index("replicas_states", "replicas", ["provider_id", "state", "size"])


def _fetched() -> None:
    op.create_table(
        "fetched",
        sa.Column("cid", sa.String(128), primary_key=True),
        sa.Column("blob_cid", sa.String(128), nullable=False),
    )


def _nodes() -> None:
    op.add_column("runs", sa.Column("node_id", sa.String(32)))
    op.add_column("runs", sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("runs_node_status", "runs", ["node_id", "status"])
    op.create_table(
        "nodes",
        sa.Column("node_id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("domain", sa.String(64), nullable=False),
        sa.Column("founder", sa.Boolean, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "turns",
        sa.Column("cache_id", sa.String(128), primary_key=True),
        sa.Column("node_id", sa.String(32), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )
    op.create_index("turns_node", "turns", ["node_id"])
