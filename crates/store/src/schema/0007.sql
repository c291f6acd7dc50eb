-- The shop's own rules for recommendations: one document, every version of it, and where it was
-- changed.
CREATE TABLE rule_versions (
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (version)
) PLAIN;
