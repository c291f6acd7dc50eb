CREATE INDEX events_by_seq ON events (seq);
CREATE INDEX customers_by_id ON customers (id);
CREATE INDEX enrolments_by_id ON enrolments (id);
CREATE INDEX messages_by_id ON messages (id);
CREATE INDEX letters_by_id ON letters (id);
CREATE INDEX reviews_by_id ON reviews (id);
