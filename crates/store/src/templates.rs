//! Email templates with their versions, and the assistant's proposals.

use aftercart_model::{TemplateId, Timestamp};
use anyhow::bail;

use crate::{
    Result,
    tx::{Counter, Tx},
    value::{Row, values},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProposal {
    pub id: i64,
    /// What was asked for.
    pub sentence: String,
    /// What the assistant made of it.
    pub document: String,
    pub state: String,
    pub created_at: Timestamp,
}

/// The state of a proposal on which nobody has decided.
const PROPOSAL_OPEN: &str = "open";

impl Tx<'_> {
    /// Keeps `document` as a new version, unless the newest reads the same; returns its number.
    pub fn save_template(&mut self, id: &TemplateId, document: &str, at: Timestamp) -> Result<u32> {
        let newest = self.template(id, None)?;
        if let Some((version, known)) = &newest
            && known == document
        {
            return Ok(*version);
        }
        let version = newest.map_or(0, |(version, _)| version) + 1;
        let sql = "INSERT INTO template_versions (template, version, document, created_at) \
                   VALUES (?1, ?2, ?3, ?4)";
        self.execute(sql, values![id, version, document, at])?;
        Ok(version)
    }

    /// A version of a template, or the newest, with its number.
    pub fn template(
        &mut self,
        id: &TemplateId,
        version: Option<u32>,
    ) -> Result<Option<(u32, String)>> {
        let sql = "SELECT version, document FROM template_versions \
                   WHERE template = ?1 AND version >= ?2 AND version <= ?3 \
                   ORDER BY version DESC LIMIT 1";
        let (from, to) = version.map_or((0, u32::MAX), |version| (version, version));
        self.first(sql, values![id, from, to], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The newest version of each template, by id.
    pub fn templates(&mut self) -> Result<Vec<(TemplateId, u32, String)>> {
        let sql = "SELECT t.template, t.version, t.document FROM template_versions t \
                   WHERE t.version = (SELECT max(n.version) FROM template_versions n \
                   WHERE n.template = t.template) ORDER BY t.template";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// Keeps a proposal and returns its number. It is `open` until its state is set.
    pub fn save_proposal(&mut self, sentence: &str, document: &str, at: Timestamp) -> Result<i64> {
        let id = i64::try_from(self.next(Counter::Proposal)?)?;
        let sql = "INSERT INTO proposals (id, sentence, document, state, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.execute(sql, values![id, sentence, document, PROPOSAL_OPEN, at])?;
        Ok(id)
    }

    pub fn proposal(&mut self, id: i64) -> Result<Option<StoredProposal>> {
        let sql = "SELECT id, sentence, document, state, created_at FROM proposals WHERE id = ?1";
        self.first(sql, values![id], read_proposal)
    }

    /// All proposals, newest first.
    pub fn proposals(&mut self) -> Result<Vec<StoredProposal>> {
        let sql = "SELECT id, sentence, document, state, created_at FROM proposals \
                   ORDER BY id DESC";
        self.all(sql, &[], read_proposal)
    }

    pub fn set_proposal_state(&mut self, id: i64, state: &str) -> Result<()> {
        let sql = "UPDATE proposals SET state = ?2 WHERE id = ?1";
        if self.execute(sql, values![id, state])? == 0 {
            bail!("proposal {id} is not in the store");
        }
        Ok(())
    }
}

fn read_proposal(row: &Row<'_>) -> Result<StoredProposal> {
    let mut cells = row.cells();
    Ok(StoredProposal {
        id: cells.take()?,
        sentence: cells.take()?,
        document: cells.take()?,
        state: cells.take()?,
        created_at: cells.take()?,
    })
}
