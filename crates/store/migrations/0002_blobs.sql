-- What is known about a digest: its bytes in this row, its bytes in a file, or only that it exists and is withheld.

CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY,
    place TEXT NOT NULL CHECK (place IN ('row', 'file', 'absent')),
    withheld BIGINT NOT NULL CHECK (withheld IN (0, 1)),
    size BIGINT,
    recorded_at BIGINT NOT NULL,
    content TEXT,
    CHECK (place = 'absent' OR size IS NOT NULL),
    CHECK (place <> 'absent' OR withheld = 1),
    CHECK ((place = 'row') = (content IS NOT NULL))
);
