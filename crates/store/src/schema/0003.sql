-- Which deliveries have become too old to be remembered.
CREATE INDEX deliveries_by_age ON deliveries (at);
