-- The job outbox. due_at is when a ready job may start, or when the lease of a leased one runs out.

CREATE TABLE jobs (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL CHECK (max_attempts > 0),
    enqueued_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    worker TEXT,
    last_error TEXT,
    log TEXT,
    CHECK ((state = 'leased') = (worker IS NOT NULL))
);

CREATE INDEX jobs_by_due ON jobs (kind, due_at, id);
CREATE INDEX dead_jobs ON jobs (id) WHERE state = 'dead';
