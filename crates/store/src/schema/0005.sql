-- Who makes a product, and in which way a customer agreed to a topic: conditions ask for both.
ALTER TABLE products ADD COLUMN brand TEXT NOT NULL DEFAULT '';
ALTER TABLE consents ADD COLUMN basis TEXT NOT NULL DEFAULT 'unstated';
UPDATE consents SET basis = coalesce((
    SELECT min(e.basis) FROM consent_entries e
    WHERE e.bucket = consents.bucket AND e.customer = consents.customer
    AND e.topic = consents.topic AND e.at = consents.at AND e.state = consents.state
), 'unstated');
