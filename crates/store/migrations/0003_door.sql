-- The door: what was accepted here, by whom, how much a day, and what still waits for the log.

-- A signing is (statement, key) in one log. number is the order of acceptance; log_index is null until the log has
-- told it. Indexes over digests cost a page write each, so there is one, which also finds all signings of a statement.
CREATE TABLE signings (
    number BIGINT NOT NULL PRIMARY KEY,
    origin TEXT NOT NULL,
    statement_id TEXT NOT NULL REFERENCES blobs (digest),
    key_id TEXT NOT NULL,
    predicate_type TEXT NOT NULL,
    party TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    log_index BIGINT,
    UNIQUE (statement_id, key_id, origin)
);

CREATE UNIQUE INDEX signings_by_log_index ON signings (origin, log_index);

-- The entry of a signing. A row leaves once a public checkpoint covers it.
CREATE TABLE outbox (
    number BIGINT NOT NULL PRIMARY KEY REFERENCES signings (number),
    entry TEXT NOT NULL
);

-- Accepted statements by party and day (days since 1970 in UTC).
CREATE TABLE quotas (
    party TEXT NOT NULL,
    day BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    PRIMARY KEY (party, day)
);
