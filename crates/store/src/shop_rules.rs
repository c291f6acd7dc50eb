//! The shop's own rules for recommendations: one document and its versions.

use aftercart_model::Timestamp;

use crate::{
    Result,
    tx::Tx,
    value::{Row, values},
};

/// One version of the rules. The newest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRules {
    pub version: u32,
    pub document: String,
    pub at: Timestamp,
    /// Where it was changed, such as `console`.
    pub changed_by: String,
}

macro_rules! select_rules {
    ($rest:literal) => {
        concat!("SELECT version, document, at, changed_by FROM rule_versions ", $rest)
    };
}

impl Tx<'_> {
    /// Keeps `document` as a new version, unless the newest reads the same; returns its number.
    pub fn save_shop_rules(
        &mut self,
        document: &str,
        at: Timestamp,
        changed_by: &str,
    ) -> Result<u32> {
        let newest = self.shop_rules(None)?;
        if let Some(newest) = &newest
            && newest.document == document
        {
            return Ok(newest.version);
        }
        let version = newest.map_or(0, |it| it.version) + 1;
        let sql = "INSERT INTO rule_versions (version, document, at, changed_by) \
                   VALUES (?1, ?2, ?3, ?4)";
        self.execute(sql, values![version, document, at, changed_by])?;
        Ok(version)
    }

    /// A version of the rules, or the newest.
    pub fn shop_rules(&mut self, version: Option<u32>) -> Result<Option<StoredRules>> {
        let sql =
            select_rules!("WHERE version >= ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1");
        let (from, to) = version.map_or((0, u32::MAX), |version| (version, version));
        self.first(sql, values![from, to], read_rules)
    }

    /// The number of the newest version; 0 if there never was one.
    pub fn shop_rules_version(&mut self) -> Result<u32> {
        let sql = "SELECT max(version) FROM rule_versions";
        Ok(self.one::<Option<u32>>(sql, &[])?.unwrap_or(0))
    }

    /// The newest versions, the newest first.
    pub fn shop_rules_versions(&mut self, limit: u32) -> Result<Vec<StoredRules>> {
        self.all(select_rules!("ORDER BY version DESC LIMIT ?1"), values![limit], read_rules)
    }
}

fn read_rules(row: &Row<'_>) -> Result<StoredRules> {
    let mut cells = row.cells();
    Ok(StoredRules {
        version: cells.take()?,
        document: cells.take()?,
        at: cells.take()?,
        changed_by: cells.take()?,
    })
}
