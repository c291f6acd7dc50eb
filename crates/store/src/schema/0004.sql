-- The segments whose membership is kept up with every event, because a flow starts from it. What
-- was kept once a day is taken up anew: who is in it then has not entered it.
DELETE FROM memberships;
CREATE TABLE kept_segments (
    segment TEXT NOT NULL REFERENCES segments (id),
    -- In its written form, as it was when the membership was taken up.
    condition TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (segment)
) CLUSTERED;

-- How customers stand to them: who is in one, and when time alone is to be asked again of somebody,
-- in it or not.
CREATE TABLE standings (
    bucket SMALLINT NOT NULL,
    customer BIGINT NOT NULL,
    segment TEXT NOT NULL,
    is_member SMALLINT NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT,
    PRIMARY KEY (bucket, customer, segment)
) CLUSTERED;
CREATE INDEX standings_of_segment ON standings (segment, customer) WHERE is_member = 1;
CREATE INDEX standings_due ON standings (due_at) WHERE due_at IS NOT NULL;

-- How many were in a segment at the end of a day in the shop's zone, such as 2026-03-01.
CREATE TABLE segment_sizes (
    segment TEXT NOT NULL REFERENCES segments (id),
    day TEXT NOT NULL,
    customers BIGINT NOT NULL,
    PRIMARY KEY (segment, day)
) CLUSTERED;

-- Customers gathered by hand or by import.
CREATE TABLE lists (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE TABLE list_members (
    list TEXT NOT NULL REFERENCES lists (id),
    customer BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (list, customer)
) CLUSTERED;
CREATE INDEX list_members_of_customer ON list_members (customer);
