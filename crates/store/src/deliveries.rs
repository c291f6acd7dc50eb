//! Deliveries of webhooks: which were taken, so that one that comes again is told from another.
//!
//! A delivery is not an event. One may tell of several events, and several may tell of one; events
//! have keys of their own. What is remembered here is what the platform named its delivery, and the
//! hash of the body it came with.

use aftercart_model::Timestamp;
use anyhow::Context as _;

use crate::{Result, tx::Tx, value::values};

/// Whether a delivery was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    New,
    /// The same delivery with the same body was taken before.
    Duplicate,
    /// A delivery of this name was taken before with another body.
    Conflict,
}

impl Tx<'_> {
    /// Remembers a delivery, unless one of its name is there.
    pub fn remember_delivery(
        &mut self,
        source: &str,
        key: &str,
        body_hash: &[u8; 32],
        at: Timestamp,
    ) -> Result<Remembered> {
        let source = self.source(source)?;
        let sql = "INSERT INTO deliveries (source, key, hash, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO NOTHING";
        if self.execute(sql, values![source, key, &body_hash[..], at])? == 1 {
            return Ok(Remembered::New);
        }
        let sql = "SELECT hash FROM deliveries WHERE source = ?1 AND key = ?2";
        let known: Option<Vec<u8>> = self.first(sql, values![source, key], |row| row.get(0))?;
        Ok(match known.context("the key of a delivery vanished")? == body_hash {
            true => Remembered::Duplicate,
            false => Remembered::Conflict,
        })
    }

    /// Forgets at most `limit` of the deliveries that came before `before`, the oldest first; how
    /// many those were.
    pub fn forget_deliveries(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM deliveries WHERE (source, key) IN \
                   (SELECT source, key FROM deliveries WHERE at < ?1 ORDER BY at LIMIT ?2)";
        self.execute(sql, values![before, limit])
    }
}
