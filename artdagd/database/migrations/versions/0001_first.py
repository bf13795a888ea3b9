"""The first schema: blobs, recipes, runs, steps, actions, tokens.

Spelled out, not taken from ``tables.py``: a migration must go on making what it made when it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _blobs()
    _recipes()
    _runs()
    _steps()
    op.create_table(
        "actions",
        sa.Column("cache_id", sa.String(128), primary_key=True),
        sa.Column("output_cid", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("libraries_json", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("actions_output", "actions", ["output_cid"])
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("scopes_json", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("revoked_at", sa.String(32)),
    )


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("cid", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("filename", sa.Text),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("facts_json", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("tags_json", sa.Text, nullable=False),
        sa.Column("metadata_json", sa.Text, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("blobs_cid_owner", "blobs", ["cid", "owner"], unique=True)
    op.create_index("blobs_owner_kind", "blobs", ["owner", "kind"])


def _recipes() -> None:
    op.create_table(
        "recipes",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("recipe_id", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("yaml", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("recipes_id_owner", "recipes", ["recipe_id", "owner"], unique=True)
    op.create_index("recipes_owner_name", "recipes", ["owner", "name"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(64), nullable=False, unique=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("recipe_id", sa.String(128)),
        sa.Column("recipe_name", sa.Text),
        sa.Column("effect", sa.String(64)),
        sa.Column("inputs_json", sa.Text, nullable=False),
        sa.Column("params_json", sa.Text, nullable=False),
        sa.Column("plan_id", sa.String(128)),
        sa.Column("given_plan", sa.Boolean, nullable=False),
        sa.Column("output_cid", sa.String(128)),
        sa.Column("provenance_cid", sa.String(128)),
        sa.Column("error_json", sa.Text),
        sa.Column("passes_run", sa.Integer, nullable=False),
        sa.Column("idempotency_key", sa.String(64), unique=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
    )
    op.create_index("runs_owner_status", "runs", ["owner", "status"])


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("step_id", sa.String(160), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cache_id", sa.String(128)),
        sa.Column("pass_id", sa.String(128)),
        sa.Column("output_cid", sa.String(128)),
        sa.Column("cached", sa.Boolean, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
    )


def downgrade() -> None:
    for table in ("tokens", "actions", "steps", "runs", "recipes", "blobs"):
        op.drop_table(table)
