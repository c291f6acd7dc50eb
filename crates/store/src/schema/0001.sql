-- What is counted up. The row `log` is the place of the newest event and, on PostgreSQL, the baton
-- that writers hand on.
CREATE TABLE counters (name TEXT NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (name)) CLUSTERED;
INSERT INTO counters (name, value) VALUES
    ('log', 0), ('customer', 0), ('enrolment', 0), ('message', 0), ('letter', 0), ('coupon', 0),
    ('review', 0), ('product', 0), ('proposal', 0), ('source', 0), ('erasure', 0);

CREATE TABLE secrets (name TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (name)) CLUSTERED;
CREATE TABLE settings (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name)) CLUSTERED;

-- Large things with versions, such as the trained model.
CREATE TABLE blobs (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (name, version)
) PLAIN;

-- The log.
CREATE TABLE sources (id BIGINT NOT NULL, name TEXT NOT NULL UNIQUE, PRIMARY KEY (id)) PLAIN;

CREATE TABLE event_keys (
    source BIGINT NOT NULL,
    key TEXT NOT NULL,
    bucket SMALLINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    -- The instant as the sender stated it, where the event's own was corrected.
    stated_at BIGINT,
    PRIMARY KEY (source, key)
) CLUSTERED;

-- Deliveries of webhooks, as the platform names them; what they told stands in the log.
CREATE TABLE deliveries (
    source BIGINT NOT NULL,
    key TEXT NOT NULL,
    hash BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (source, key)
) CLUSTERED;

CREATE TABLE events (
    bucket SMALLINT NOT NULL,
    seq BIGINT NOT NULL,
    customer BIGINT,
    kind SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    source BIGINT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    KEY_BY(seq)
) PLAIN;
-- With the kind, so that a customer's orders are found among their events without reading these.
CREATE INDEX events_of_customer ON events (bucket, customer, at, seq, kind)
    WHERE customer IS NOT NULL;

-- Customers, and what bars or allows mail to them.
CREATE TABLE customers (
    bucket SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    email TEXT,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    full_name_key TEXT NOT NULL,
    family_name_key TEXT NOT NULL,
    time_zone TEXT,
    country TEXT,
    locale TEXT,
    created_at BIGINT NOT NULL,
    attributes TEXT NOT NULL,
    -- The root, for a member that was found to be another customer; always the root itself.
    merged_into BIGINT,
    KEY_BY(id)
) PLAIN;
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX customers_of_bucket ON customers (bucket);
CREATE INDEX customers_by_full_name ON customers (full_name_key) WHERE full_name_key <> '';
CREATE INDEX customers_by_family_name ON customers (family_name_key) WHERE family_name_key <> '';

CREATE TABLE identifiers (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    -- The root, where the customer is merged.
    customer BIGINT NOT NULL,
    -- The earliest event that named it together with another of the customer's; NULL if none did.
    tied_at BIGINT,
    -- The value first: whoever asks by an external id does not say whose it is, and the kind is
    -- `external:` and the source.
    PRIMARY KEY (value, kind)
) CLUSTERED;
CREATE INDEX identifiers_of_customer ON identifiers (customer);

CREATE TABLE consents (
    bucket SMALLINT NOT NULL,
    customer BIGINT NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (bucket, customer, topic)
) CLUSTERED;

-- The ledger: what was said under which identifier. `consents` is what follows from it.
CREATE TABLE consent_entries (
    bucket SMALLINT NOT NULL,
    customer BIGINT NOT NULL,
    topic TEXT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    basis TEXT NOT NULL,
    wording TEXT,
    ip TEXT,
    PRIMARY KEY (bucket, customer, topic, at, state, kind, value, source)
) CLUSTERED;

CREATE TABLE suppressions (
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (address)
) CLUSTERED;

-- What is left of those who were erased: that their addresses are barred, as keyed hashes, and which
-- orders are to stay nobody's.
CREATE TABLE erased_addresses (
    hash BLOB NOT NULL,
    -- What bars the address: that it was erased, or what barred it before and is harder to lift.
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (hash)
) CLUSTERED;
CREATE TABLE erased_orders (id TEXT NOT NULL, PRIMARY KEY (id)) CLUSTERED;

-- What people asked a platform for and an operator is to do; `seq` is the event that passed it on.
CREATE TABLE requests (
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- None asks for the whole shop.
    customer BIGINT,
    at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (seq)
) PLAIN;
CREATE INDEX requests_open ON requests (seq) WHERE closed_at IS NULL;
CREATE INDEX requests_of_customer ON requests (customer) WHERE customer IS NOT NULL;

-- The catalogue.
CREATE TABLE products (
    id BIGINT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    kind TEXT NOT NULL,
    tags TEXT NOT NULL,
    summary TEXT NOT NULL,
    benefits TEXT NOT NULL,
    price_minor BIGINT NOT NULL,
    cost_minor BIGINT,
    url TEXT NOT NULL,
    picture TEXT NOT NULL,
    picture_text TEXT NOT NULL,
    stock BIGINT,
    is_active SMALLINT NOT NULL,
    lasts_days BIGINT,
    -- Of each fact that a catalogue told, since when it is so.
    told_at TEXT NOT NULL,
    PRIMARY KEY (id)
) PLAIN;

-- The other codes a product goes by: stock codes, variants, items of the inventory.
CREATE TABLE product_codes (
    code TEXT NOT NULL,
    product BIGINT NOT NULL,
    PRIMARY KEY (code)
) CLUSTERED;
CREATE INDEX product_codes_of_product ON product_codes (product);

CREATE TABLE stock_counts (
    product BIGINT NOT NULL,
    code TEXT NOT NULL,
    place TEXT NOT NULL,
    at BIGINT NOT NULL,
    units BIGINT NOT NULL,
    PRIMARY KEY (product, code, place)
) CLUSTERED;

CREATE TABLE pictures (
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (name)
) PLAIN;

-- Orders with their lines. `seq` is the place in the log of the event that placed the order.
CREATE TABLE order_ids (
    id TEXT NOT NULL,
    bucket SMALLINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;

CREATE TABLE orders (
    bucket SMALLINT NOT NULL,
    seq BIGINT NOT NULL,
    id TEXT NOT NULL,
    customer BIGINT,
    placed_at BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    coupon TEXT,
    refunded_minor BIGINT NOT NULL,
    cancelled_at BIGINT,
    -- Since when it consists of these lines and this total.
    content_at BIGINT NOT NULL,
    -- [[product, quantity, amount in minor units], ...]
    lines TEXT NOT NULL,
    KEY_BY(seq)
) PLAIN;
CREATE INDEX orders_by_time ON orders (placed_at);

-- What became of orders that have not arrived yet.
CREATE TABLE early_order_changes (
    id TEXT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    cancelled_at BIGINT,
    -- The word on what it consists of that holds so far.
    word TEXT,
    PRIMARY KEY (id)
) CLUSTERED;

-- Documents.
CREATE TABLE flows (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    live_since BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;

CREATE TABLE flow_versions (
    flow TEXT NOT NULL REFERENCES flows (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (flow, version)
) PLAIN;

CREATE TABLE segments (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    condition TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;

-- The membership last computed, whole: ids in their order, each as the step from the one before.
CREATE TABLE memberships (
    segment TEXT NOT NULL REFERENCES segments (id),
    at BIGINT NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment)
) PLAIN;

CREATE TABLE template_versions (
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (template, version)
) PLAIN;

CREATE TABLE proposals (
    id BIGINT NOT NULL,
    sentence TEXT NOT NULL,
    document TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) PLAIN;

-- Enrolments.
CREATE TABLE enrolment_keys (
    flow TEXT NOT NULL,
    trigger_key TEXT NOT NULL,
    enrolment BIGINT NOT NULL,
    PRIMARY KEY (flow, trigger_key)
) CLUSTERED;

CREATE TABLE enrolments (
    bucket SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    flow TEXT NOT NULL,
    flow_version BIGINT NOT NULL,
    trigger_key TEXT NOT NULL,
    trigger_order TEXT,
    position TEXT NOT NULL,
    step TEXT,
    position_at BIGINT,
    reason TEXT,
    is_held_out SMALLINT NOT NULL,
    entered_at BIGINT NOT NULL,
    products TEXT NOT NULL,
    coupon TEXT,
    revision BIGINT NOT NULL,
    wake_at BIGINT,
    -- How often it could not be moved since it last was.
    set_aside BIGINT NOT NULL DEFAULT 0,
    KEY_BY(id)
) PLAIN;
CREATE INDEX enrolments_set_aside ON enrolments (flow) WHERE set_aside > 0;
CREATE INDEX enrolments_of_customer ON enrolments (bucket, customer, id);
CREATE INDEX enrolments_due ON enrolments (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX enrolments_of_flow ON enrolments (flow, id);
CREATE INDEX enrolments_by_step ON enrolments (flow, position, step, reason);

-- Messages. `try_at` is when a message is to be taken up next, and NULL where it is not: it has
-- ended, is in a server's hands, or sleeps until its flow is resumed. `set_aside` counts how often it
-- could not be made or looked at.
CREATE TABLE messages (
    bucket SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    enrolment BIGINT NOT NULL,
    flow TEXT NOT NULL,
    flow_version BIGINT NOT NULL,
    step TEXT NOT NULL,
    template TEXT NOT NULL,
    template_version BIGINT NOT NULL,
    class TEXT NOT NULL,
    topic TEXT NOT NULL,
    state TEXT NOT NULL,
    planned_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    claimed_at BIGINT,
    sent_at BIGINT,
    attempts BIGINT NOT NULL,
    subject TEXT,
    products TEXT NOT NULL,
    coupon TEXT,
    reason TEXT,
    revision BIGINT NOT NULL,
    set_aside BIGINT NOT NULL,
    try_at BIGINT,
    KEY_BY(id)
) PLAIN;
CREATE UNIQUE INDEX messages_of_enrolment ON messages (bucket, enrolment, step);
CREATE INDEX messages_of_customer ON messages (bucket, customer, id);
CREATE INDEX messages_due ON messages (try_at, id) WHERE try_at IS NOT NULL;
CREATE INDEX messages_by_state ON messages (state);
CREATE INDEX messages_of_flow ON messages (flow, id);

-- The audit: one row for each change of a message. `log_head` is where the log stood at it.
CREATE TABLE message_changes (
    bucket SMALLINT NOT NULL,
    message BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT,
    log_head BIGINT NOT NULL,
    PRIMARY KEY (bucket, message, revision)
) CLUSTERED;

CREATE TABLE touches (
    bucket SMALLINT NOT NULL,
    message BIGINT NOT NULL,
    delivered_at BIGINT,
    opened_at BIGINT,
    machine_opened_at BIGINT,
    clicked_at BIGINT,
    last_clicked_at BIGINT,
    machine_clicked_at BIGINT,
    bounced_at BIGINT,
    unsubscribed_at BIGINT,
    complained_at BIGINT,
    PRIMARY KEY (bucket, message)
) CLUSTERED;

-- The catching inbox.
CREATE TABLE letters (
    bucket SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    message BIGINT,
    address TEXT NOT NULL,
    to_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    packed BLOB NOT NULL,
    KEY_BY(id)
) PLAIN;
CREATE INDEX letters_of_message ON letters (bucket, message) WHERE message IS NOT NULL;
CREATE INDEX letters_to_address ON letters (address);

-- Coupons and reviews.
CREATE TABLE coupons (
    code TEXT NOT NULL,
    pool TEXT NOT NULL,
    serial BIGINT NOT NULL,
    offer TEXT NOT NULL,
    offer_value BIGINT NOT NULL,
    order_minor_min BIGINT NOT NULL,
    state TEXT NOT NULL,
    customer BIGINT,
    expires_at BIGINT,
    order_id TEXT,
    PRIMARY KEY (code)
) CLUSTERED;
CREATE INDEX coupons_free ON coupons (pool, serial) WHERE state = 'free';
CREATE INDEX coupons_of_customer ON coupons (customer) WHERE customer IS NOT NULL;
CREATE INDEX coupons_reserved ON coupons (expires_at) WHERE state = 'reserved';

CREATE TABLE reviews (
    bucket SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    product BIGINT NOT NULL,
    customer BIGINT,
    rating BIGINT NOT NULL,
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    bought_at BIGINT,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    KEY_BY(id)
) PLAIN;
CREATE INDEX reviews_of_product ON reviews (product, rating);
CREATE INDEX reviews_of_customer ON reviews (bucket, customer) WHERE customer IS NOT NULL;
CREATE INDEX reviews_by_state ON reviews (state);
