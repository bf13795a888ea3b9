"""Which media runs had as inputs, and an index of what they made: the way from a medium to its runs.
What computations are made of, what they read, and how much work they are; which steps read what is equal by content.

Spelled out, not taken from ``tables.py``: a migration must go on making what it made when it was written.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = 500


def upgrade() -> None:
    _lineage()
    _measures()


def _measures() -> None:
    op.add_column("actions", sa.Column("made_of", sa.Text))
    op.add_column("actions", sa.Column("work", sa.Float))
    op.add_column("actions", sa.Column("sources_json", sa.Text))
    op.add_column("steps", sa.Column("by_content", sa.Boolean, nullable=False, server_default=sa.false()))


def _lineage() -> None:
    op.create_index("runs_output_cid", "runs", ["output_cid"])
    made = op.create_table(
        "run_inputs",
        sa.Column("cid", sa.String(128), primary_key=True),
        sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("run_inputs_run_id", "run_inputs", ["run_id"])
    runs = sa.table("runs", sa.column("seq"), sa.column("run_id"), sa.column("inputs_json"))
    after = -1
    while True:
        query = sa.select(runs).where(runs.c.seq > after).order_by(runs.c.seq).limit(BATCH)
        found = op.get_bind().execute(query).all()
        if not found:
            return
        rows = [{"cid": cid, "run_id": row.run_id} for row in found for cid in _cids(row.inputs_json)]
        if rows:
            op.bulk_insert(made, rows)
        after = found[-1].seq


def _cids(inputs_json: str) -> list[str]:
    given = json.loads(inputs_json)
    return sorted({cid for cid in given.values() if isinstance(cid, str) and len(cid) <= 128 and "\0" not in cid})
