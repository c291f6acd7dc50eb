//! What customers agreed to, and what bars mail to an address.

use aftercart_model::{
    Consent, ConsentState, CustomerId, EmailAddress, Suppression, SuppressionReason,
};

use crate::{
    Result,
    tx::Tx,
    value::{Cells, Row, values},
};

impl Tx<'_> {
    /// Keeps what a customer said last, whatever the order in which it arrives. Of two answers at
    /// one instant the withdrawal is kept.
    pub fn save_consent(&mut self, customer: CustomerId, consent: &Consent) -> Result<()> {
        let Consent { topic, state, at, source, .. } = consent;
        let is_withdrawn = *state == ConsentState::Withdrawn;
        let sql = "INSERT INTO consents (bucket, customer, topic, state, at, source) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (bucket, customer, topic) DO UPDATE \
                   SET state = excluded.state, at = excluded.at, source = excluded.source \
                   WHERE excluded.at > consents.at \
                   OR (excluded.at = consents.at AND consents.state = 'agreed' \
                       AND CAST(?7 AS BIGINT) = 1)";
        let customer = self.root_of(customer)?;
        let bucket = customer.bucket().0;
        let values = values![bucket, customer, *topic, *state, *at, source, is_withdrawn];
        self.execute(sql, values).map(drop)
    }

    pub fn consents_of(&mut self, customer: CustomerId) -> Result<Vec<Consent>> {
        let sql = "SELECT topic, state, at, source FROM consents \
                   WHERE bucket = ?1 AND customer = ?2 ORDER BY topic";
        let root = self.root_of(customer)?;
        self.all(sql, values![root.bucket().0, root], |row| {
            let mut cells = row.cells();
            read_consent(&mut cells)
        })
    }

    /// Holds the stricter of what a customer said and what `others`, who is the same person, did.
    pub(crate) fn merge_consents(&mut self, root: CustomerId, others: &[Consent]) -> Result<()> {
        let known = self.consents_of(root)?;
        for other in others {
            let before = known.iter().find(|it| it.topic == other.topic);
            let strictness = |it: &Consent| (it.state == ConsentState::Withdrawn, it.at);
            if before.is_none_or(|it| strictness(it) < strictness(other)) {
                let sql = "DELETE FROM consents WHERE bucket = ?1 AND customer = ?2 AND topic = ?3";
                self.execute(sql, values![root.bucket().0, root, other.topic])?;
                self.save_consent(root, other)?;
            }
        }
        Ok(())
    }

    /// Bars an address. Of several reasons the strongest is kept, and of one the first time it was
    /// given, whatever the order in which they arrive.
    pub fn suppress(&mut self, suppression: &Suppression) -> Result<()> {
        let Suppression { address, reason, at } = suppression;
        if let Some(known) = self.suppression_of(address)? {
            let is_weaker = strength(*reason) < strength(known.reason);
            if is_weaker || (*reason == known.reason && known.at <= *at) {
                return Ok(());
            }
        }
        let sql = "INSERT INTO suppressions (address, reason, at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, at = excluded.at";
        self.execute(sql, values![address, *reason, *at]).map(drop)
    }

    pub fn suppression_of(&mut self, address: &EmailAddress) -> Result<Option<Suppression>> {
        let sql = "SELECT address, reason, at FROM suppressions WHERE address = ?1";
        self.first(sql, values![address], read_suppression)
    }

    /// What everybody last said of each topic.
    pub fn scan_consents(
        &mut self,
        f: &mut dyn FnMut(CustomerId, Consent) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT c.customer, c.topic, c.state, c.at, c.source FROM consents c \
             JOIN customers o ON o.bucket = c.bucket AND o.id = c.customer \
             WHERE o.merged_into IS NULL ORDER BY c.bucket, c.customer";
        let read = |row: &Row<'_>| {
            let mut cells = row.cells();
            let customer = cells.take()?;
            Ok((customer, read_consent(&mut cells)?))
        };
        self.scan(sql, &[], read, &mut |(customer, consent)| f(customer, consent))
    }

    /// Every barred address.
    pub fn scan_suppressions(
        &mut self,
        f: &mut dyn FnMut(Suppression) -> Result<()>,
    ) -> Result<()> {
        self.scan("SELECT address, reason, at FROM suppressions", &[], read_suppression, f)
    }

    pub fn count_suppressions(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM suppressions", &[])
    }
}

/// How hard it is to lift: a mended mailbox ends a bounce, an operator what an operator began, but
/// only the customer can take back an unsubscribe, and nobody a complaint.
fn strength(reason: SuppressionReason) -> u8 {
    match reason {
        SuppressionReason::Bounce => 1,
        SuppressionReason::ByHand => 2,
        SuppressionReason::Unsubscribe => 3,
        SuppressionReason::Complaint => 4,
    }
}

fn read_consent(cells: &mut Cells<'_>) -> Result<Consent> {
    let (topic, state, at) = (cells.take()?, cells.take()?, cells.take()?);
    let source: String = cells.take()?;
    Ok(Consent::new(topic, state, at, source))
}

fn read_suppression(row: &Row<'_>) -> Result<Suppression> {
    Ok(Suppression { address: row.get(0)?, reason: row.get(1)?, at: row.get(2)? })
}
