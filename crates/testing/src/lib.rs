//! For tests: a shop builder, a fixed clock, an SMTP sink, a database for each test.
