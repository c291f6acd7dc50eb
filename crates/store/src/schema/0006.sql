-- Whose facts changed, one row for each change of any: what is kept of everybody in memory is brought
-- up by it. Of the newest alone; without customers where a change touched too many to be named.
CREATE TABLE fact_changes (
    number BIGINT NOT NULL,
    customers TEXT,
    PRIMARY KEY (number)
) PLAIN;
INSERT INTO counters (name, value) VALUES ('fact_change', 0);
