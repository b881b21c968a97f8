-- What pages read. Everything here can be deleted and made again from log entries and bodies.

CREATE TABLE view_cursor (
    origin TEXT NOT NULL PRIMARY KEY,
    next_index BIGINT NOT NULL
);

CREATE TABLE view_logs (
    origin TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    root TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    checked_at BIGINT NOT NULL
);

-- predicate_type is null while the body is withheld.
CREATE TABLE view_entries (
    origin TEXT NOT NULL,
    log_index BIGINT NOT NULL,
    leaf TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    predicate_type TEXT,
    logged_at BIGINT NOT NULL,
    PRIMARY KEY (origin, log_index)
);

CREATE INDEX view_entries_by_statement ON view_entries (statement_id);

-- One row an entry: a statement with a threshold of signatures has several; pages show the first.
CREATE TABLE view_updates (
    origin TEXT NOT NULL,
    log_index BIGINT NOT NULL,
    statement_id TEXT NOT NULL,
    line_id TEXT NOT NULL,
    publisher TEXT NOT NULL,
    product TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    platform TEXT NOT NULL,
    serial BIGINT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    audience TEXT NOT NULL,
    active_from BIGINT,
    actions_class TEXT,
    consent TEXT,
    recorded_at BIGINT NOT NULL,
    search TEXT NOT NULL,
    PRIMARY KEY (origin, log_index)
);

CREATE INDEX view_updates_by_statement ON view_updates (statement_id, origin, log_index);
CREATE INDEX view_updates_by_line ON view_updates (origin, line_id, serial);

-- The files that a statement names, in its order.
CREATE TABLE view_files (
    statement_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (statement_id, position)
);

CREATE INDEX view_files_by_digest ON view_files (digest);
