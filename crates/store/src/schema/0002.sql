-- What came in and is not in the log: duplicates, refusals, what nothing is kept of. Of the newest
-- alone, and of nobody in particular.
CREATE TABLE arrivals (
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (id)
) PLAIN;
