-- Small facts of this node, and counters that hand out numbers in order.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row a sequence. A number is taken by UPDATE … RETURNING inside the transaction that uses it.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('job', 0), ('signing', 0);
