//! Settings, and large things with versions such as the trained model.

use aftercart_model::Timestamp;
use anyhow::{Context as _, anyhow};

use crate::{
    Result,
    connection::Connection,
    tx::Tx,
    value::{Value, values},
};

/// Enough to go back to the version before, and to let a reader of it finish.
const BLOB_VERSIONS_KEPT: u32 = 3;

impl Tx<'_> {
    pub fn setting(&mut self, name: &str) -> Result<Option<String>> {
        self.first("SELECT value FROM settings WHERE name = ?1", values![name], |row| row.get(0))
    }

    pub fn set_setting(&mut self, name: &str, value: &str) -> Result<()> {
        let sql = "INSERT INTO settings (name, value) VALUES (?1, ?2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(sql, values![name, value]).map(drop)
    }

    /// Keeps `bytes` as the newest version of `name` and returns its number. A few versions before
    /// it are kept.
    pub fn save_blob(&mut self, name: &str, bytes: &[u8], at: Timestamp) -> Result<u32> {
        let sql = "SELECT max(version) FROM blobs WHERE name = ?1";
        let version = self.one::<Option<u32>>(sql, values![name])?.unwrap_or(0) + 1;
        let sql = "INSERT INTO blobs (name, version, at, bytes) VALUES (?1, ?2, ?3, ?4)";
        self.execute(sql, values![name, version, at, bytes])?;
        let newest_dropped = version.saturating_sub(BLOB_VERSIONS_KEPT);
        let sql = "DELETE FROM blobs WHERE name = ?1 AND version <= ?2";
        self.execute(sql, values![name, newest_dropped])?;
        Ok(version)
    }

    /// The newest version of `name`: its number, when it was saved, and its bytes.
    pub fn blob(&mut self, name: &str) -> Result<Option<(u32, Timestamp, Vec<u8>)>> {
        let sql = "SELECT version, at, bytes FROM blobs WHERE name = ?1 \
                   ORDER BY version DESC LIMIT 1";
        self.first(sql, values![name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}

/// The key of the hash that spreads customers over buckets: drawn when a store is created, and the
/// same for ever.
pub(crate) fn ensure_bucket_key(
    connection: &mut Connection,
    wished: Option<[u8; 16]>,
) -> Result<[u8; 16]> {
    if let Some(key) = bucket_key(connection)? {
        return Ok(key);
    }
    let drawn = match wished {
        Some(key) => key.to_vec(),
        None => {
            let sql = connection.dialect().random_bytes();
            first_bytes(connection, sql, &[])?.context("the database drew no random bytes")?
        }
    };
    // Where two programs create one store at once, the first to write decides.
    let sql = "INSERT INTO secrets (name, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(sql, values![BUCKET_KEY, drawn.as_slice()])?;
    bucket_key(connection)?.context("the key of the buckets was not kept")
}

const BUCKET_KEY: &str = "bucket-key";

fn bucket_key(connection: &mut Connection) -> Result<Option<[u8; 16]>> {
    let sql = "SELECT bytes FROM secrets WHERE name = ?1";
    let Some(bytes) = first_bytes(connection, sql, values![BUCKET_KEY])? else { return Ok(None) };
    let key = bytes.try_into();
    key.map(Some).map_err(|_| anyhow!("the key of the buckets is not 16 bytes; restore a backup"))
}

fn first_bytes(
    connection: &mut Connection,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<Option<Vec<u8>>> {
    let mut found = Ok(None);
    connection.for_each(sql, values, &mut |row| {
        found = row.get(0).map(Some);
        std::ops::ControlFlow::Break(())
    })?;
    found
}
