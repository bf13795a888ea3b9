"""The tables. Columns named ``*_json`` hold msgspec's JSON; times are RFC 3339 text; ``seq`` orders, times do not."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

SCHEMA = "0005"
"""The revision of the last migration, which makes these tables."""

metadata = MetaData()

# SQLite numbers only an INTEGER primary key by itself.
Sequence = BigInteger().with_variant(Integer, "sqlite")

blobs = Table(
    "blobs",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("cid", String(128), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(255), nullable=False),
    Column("filename", Text),
    Column("kind", String(16), nullable=False),
    Column("facts_json", Text),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags_json", Text, nullable=False),
    Column("metadata_json", Text, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("blobs_cid_owner", "cid", "owner", unique=True),
    Index("blobs_owner_kind", "owner", "kind"),
)

recipes = Table(
    "recipes",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("recipe_id", String(128), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("yaml", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("recipes_id_owner", "recipe_id", "owner", unique=True),
    Index("recipes_owner_name", "owner", "name"),
)

runs = Table(
    "runs",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("run_id", String(64), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("recipe_id", String(128)),
    Column("recipe_name", Text),
    Column("effect", String(64)),
    Column("inputs_json", Text, nullable=False),
    Column("params_json", Text, nullable=False),
    Column("plan_id", String(128)),
    Column("given_plan", Boolean, nullable=False),
    Column("output_cid", String(128)),
    Column("provenance_cid", String(128)),
    Column("error_json", Text),
    Column("passes_run", Integer, nullable=False),
    Column("idempotency_key", String(64), unique=True),
    Column("request_digest", String(64)),
    Column("created_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("finished_at", String(32)),
    Column("node_id", String(32)),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Index("runs_owner_status", "owner", "status"),
    Index("runs_output_cid", "output_cid"),
    Index("runs_plan_id", "plan_id"),
    Index("runs_provenance_cid", "provenance_cid"),
    Index("runs_recipe_id", "recipe_id"),
    Index("runs_node_status", "node_id", "status"),
)

run_inputs = Table(
    "run_inputs",
    metadata,
    Column("cid", String(128), primary_key=True),
    Column("run_id", String(64), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Index("run_inputs_run_id", "run_id"),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", String(64), ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("step_id", String(160), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("type", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("cache_id", String(128)),
    Column("pass_id", String(128)),
    Column("output_cid", String(128)),
    Column("cached", Boolean, nullable=False),
    Column("worker", Text),
    Column("error", Text),
    Column("started_at", String(32)),
    Column("finished_at", String(32)),
    Column("by_content", Boolean, nullable=False, server_default="0"),
    Index("steps_output", "output_cid"),
)

actions = Table(
    "actions",
    metadata,
    Column("cache_id", String(128), primary_key=True),
    Column("output_cid", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("identity", Text, nullable=False),
    Column("libraries_json", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("made_of", Text),
    Column("work", Float),
    Column("sources_json", Text),
    Index("actions_output", "output_cid"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", String(255), nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("scopes_json", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32)),
    Column("revoked_at", String(32)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("ticket_hash", String(64)),
    Column("user", String(255), nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("scopes_json", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Index("sessions_user", "user"),
    Index("sessions_ticket", "ticket_hash"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("revoked_at", String(32), nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("cid", String(128), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("activity_id", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("provenance_cid", String(128)),
    Index("publications_cid_owner", "cid", "owner", unique=True),
    Index("publications_provenance", "provenance_cid"),
)

providers = Table(
    "providers",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("provider_id", String(64), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("type", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("config_json", Text, nullable=False),
    Column("secrets", Text),
    Column("capacity_bytes", BigInteger),
    Column("created_at", String(32), nullable=False),
    Column("for_node", Boolean, nullable=False),
    Index("providers_owner_name", "owner", "name", unique=True),
)

replicas = Table(
    "replicas",
    metadata,
    Column("cid", String(128), primary_key=True),
    Column("provider_id", String(255), primary_key=True),
    Column("node", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("spoiled", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float),
    Column("lease", Float),
    Column("error", Text),
    Column("updated_at", String(32), nullable=False),
    Index("replicas_due", "provider_id", "node", "due_at"),
    Index("replicas_states", "provider_id", "state", "size"),
)

plugin_values = Table(
    "plugin_values",
    metadata,
    Column("plugin", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("value_json", Text, nullable=False),
)

fetched = Table(
    "fetched",
    metadata,
    Column("cid", String(128), primary_key=True),
    Column("blob_cid", String(128), nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("node_id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("domain", String(64), nullable=False),
    Column("founder", Boolean, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("heartbeat", Float, nullable=False),
    Column("expires", Float, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("cache_id", String(128), primary_key=True),
    Column("node_id", String(32), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Index("turns_node", "node_id"),
)

wants = Table(
    "wants",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("node_id", String(32), primary_key=True),
    Column("segments_json", Text, nullable=False),
    Column("expires", Float, nullable=False),
)
