//! The transactional database: the only crate that knows SQL, embedded or PostgreSQL.
