//! The transactional database: the only crate that knows SQL, embedded or PostgreSQL.

mod signatures;

use std::path::Path;

pub use signatures::*;

pub type Result<T> = anyhow::Result<T>;

/// The shop's store. A clone is another handle on the same one.
#[derive(Clone, Debug)]
pub struct Store;

#[allow(unused_variables)]
impl Store {
    /// Opens the store at `url`, creating or migrating it where needed.
    pub fn open(url: &str) -> Result<Self> {
        signatures::pending()
    }

    /// As [`Store::open`]; a store created by this call spreads its customers by `bucket_key`.
    pub fn open_with_bucket_key(url: &str, bucket_key: [u8; 16]) -> Result<Self> {
        signatures::pending()
    }

    /// Whether a store stands at `url` already.
    pub fn exists(url: &str) -> bool {
        false
    }

    pub fn read<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        signatures::pending()
    }

    pub fn write<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        signatures::pending()
    }

    pub fn folder(&self) -> Option<&Path> {
        None
    }
}
