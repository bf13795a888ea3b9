CREATE TABLE people (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    made_at REAL NOT NULL,
    removed_at REAL
) STRICT;
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES people,
    expires_at REAL NOT NULL
) STRICT;
CREATE TABLE renderers (
    url TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    actor_name TEXT NOT NULL DEFAULT '',
    made_at REAL NOT NULL
) STRICT;
CREATE TABLE approvals (
    name TEXT NOT NULL REFERENCES people,
    renderer TEXT NOT NULL REFERENCES renderers ON DELETE CASCADE,
    made_at REAL NOT NULL,
    PRIMARY KEY (name, renderer)
) STRICT;
CREATE TABLE tokens (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES people,
    renderer TEXT NOT NULL REFERENCES renderers ON DELETE CASCADE,
    state TEXT,
    scopes TEXT NOT NULL,
    expires_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    used_at REAL
) STRICT;
CREATE INDEX tokens_of ON tokens (name, renderer);
CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    renderer TEXT NOT NULL,
    name TEXT NOT NULL,
    revoked_at REAL NOT NULL
) STRICT;
CREATE INDEX revocations_for ON revocations (renderer, seq);
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY REFERENCES revocations ON DELETE CASCADE,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL
) STRICT;
CREATE TABLE activities (
    id TEXT PRIMARY KEY,
    renderer TEXT NOT NULL,
    received_at REAL NOT NULL
) STRICT;
CREATE INDEX activities_of ON activities (renderer);
CREATE INDEX activities_by_time ON activities (received_at);
CREATE TABLE works (
    id TEXT PRIMARY KEY,
    object TEXT NOT NULL UNIQUE,
    renderer TEXT NOT NULL,
    name TEXT NOT NULL REFERENCES people,
    shown TEXT NOT NULL,
    received_at REAL NOT NULL
) STRICT;
CREATE INDEX works_at ON works (renderer);
CREATE INDEX works_of ON works (name, received_at);
CREATE INDEX works_by_time ON works (received_at);
CREATE TABLE gone (
    object TEXT PRIMARY KEY,
    work TEXT,
    gone_at REAL NOT NULL
) STRICT;
CREATE INDEX gone_work ON gone (work);
