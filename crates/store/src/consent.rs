//! What customers agreed to, and what bars mail to an address.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use aftercart_model::{
    Consent, CustomerId, EmailAddress, Identifier, Suppression, SuppressionReason, Timestamp,
    Topic,
    told::{SaidUnder, consents_told},
};

use crate::{
    Result,
    customers::{identifier_of, parts_of},
    tx::Tx,
    value::{Cells, Row, values},
};

impl Tx<'_> {
    /// Enters into the ledger what was said under an identifier of the customer's, and settles what
    /// they agree to now. What stands there already is not entered twice.
    pub fn add_consent(
        &mut self,
        customer: CustomerId,
        under: &Identifier,
        consent: &Consent,
    ) -> Result<()> {
        let Consent { topic, state, at, source, basis, wording, ip } = consent;
        let (kind, value) = parts_of(under);
        let sql = "INSERT INTO consent_entries (bucket, customer, topic, at, state, kind, value, \
                   source, basis, wording, ip) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
        let customer = self.root_of(customer)?;
        let bucket = customer.bucket().0;
        let (wording, ip) = (wording.as_deref(), ip.as_deref());
        let values = values![
            bucket, customer, *topic, *at, *state, &*kind, value, source, *basis, wording, ip
        ];
        self.execute(sql, values)?;
        self.settle_consents(customer)
    }

    /// What a customer ever said, with the identifier under which it was, the newest first.
    pub fn consent_entries_of(
        &mut self,
        customer: CustomerId,
    ) -> Result<Vec<(Identifier, Consent)>> {
        let sql = "SELECT kind, value, topic, state, at, source, basis, wording, ip \
                   FROM consent_entries WHERE bucket = ?1 AND customer = ?2";
        let mut entries = self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], |row| {
                let mut cells = row.cells();
                let (kind, value): (String, String) = (cells.take()?, cells.take()?);
                let consent = read_consent(&mut cells)?;
                let (basis, wording, ip) = (cells.take()?, cells.take()?, cells.take()?);
                Ok((identifier_of(&kind, value)?, Consent { basis, wording, ip, ..consent }))
            })
        })?;
        entries.sort_by(|a, b| {
            let rank = |it: &(Identifier, Consent)| (Reverse(it.1.at), it.1.topic, it.0.clone());
            rank(a).cmp(&rank(b)).then_with(|| a.1.source.cmp(&b.1.source))
        });
        Ok(entries)
    }

    /// When a customer said no to a topic, under whichever identifier.
    pub fn refusals_of(&mut self, customer: CustomerId) -> Result<Vec<(Topic, Timestamp)>> {
        let sql = "SELECT topic, at FROM consent_entries \
                   WHERE bucket = ?1 AND customer = ?2 AND state = 'withdrawn'";
        self.of_members(customer, |tx, member| {
            tx.all(sql, values![member.bucket().0, member], |row| Ok((row.get(0)?, row.get(1)?)))
        })
    }

    /// Keeps what follows from the ledger, after an entry, a tie or a merge; see
    /// [`consents_told`]. What was said under an identifier that leads elsewhere by now is never tied
    /// to the rest.
    pub fn settle_consents(&mut self, customer: CustomerId) -> Result<()> {
        let entries = self.consent_entries_of(customer)?;
        if entries.is_empty() {
            return Ok(());
        }
        let root = self.root_of(customer)?;
        let ties: HashMap<Identifier, Option<Timestamp>> = if entries.len() == 1 {
            HashMap::new() // One word holds, whenever it was tied.
        } else {
            let known = self.identifiers_of(root)?.into_iter();
            known.map(|(identifier, known)| (identifier, known.tied_at)).collect()
        };
        let mut said: BTreeMap<Identifier, SaidUnder> = BTreeMap::new();
        for (identifier, consent) in entries {
            let tied_at = ties.get(&identifier).copied().flatten();
            let under = said.entry(identifier);
            under.or_insert(SaidUnder { tied_at, said: Vec::new() }).said.push(consent);
        }
        let said: Vec<SaidUnder> = said.into_values().collect();
        let sql = "INSERT INTO consents (bucket, customer, topic, state, at, source, basis) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (bucket, customer, topic) \
                   DO UPDATE SET state = excluded.state, at = excluded.at, \
                   source = excluded.source, basis = excluded.basis";
        for Consent { topic, state, at, source, basis, .. } in consents_told(&said).into_values() {
            self.execute(sql, values![root.bucket().0, root, topic, state, at, &source, basis])?;
        }
        self.touch(root);
        Ok(())
    }

    /// What a customer agrees to now, topic by topic.
    pub fn consents_of(&mut self, customer: CustomerId) -> Result<Vec<Consent>> {
        let sql = "SELECT topic, state, at, source, basis FROM consents \
                   WHERE bucket = ?1 AND customer = ?2 ORDER BY topic";
        let root = self.root_of(customer)?;
        self.all(sql, values![root.bucket().0, root], |row| {
            let mut cells = row.cells();
            let consent = read_consent(&mut cells)?;
            Ok(Consent { basis: cells.take()?, ..consent })
        })
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
        self.execute(sql, values![address, *reason, *at])?;
        self.touch_address(address)
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
        let sql = "SELECT c.customer, c.topic, c.state, c.at, c.source, c.basis FROM consents c \
             JOIN customers o ON o.bucket = c.bucket AND o.id = c.customer \
             WHERE o.merged_into IS NULL ORDER BY c.bucket, c.customer";
        let read = |row: &Row<'_>| {
            let mut cells = row.cells();
            let customer = cells.take()?;
            let consent = read_consent(&mut cells)?;
            Ok((customer, Consent { basis: cells.take()?, ..consent }))
        };
        self.scan(sql, &[], read, &mut |(customer, consent)| f(customer, consent))
    }

    /// Everybody to whom no mail goes: barred at the address it would go to, for whatever reason, or
    /// by their own word at another of theirs.
    pub fn barred_customers(&mut self) -> Result<HashMap<CustomerId, Vec<SuppressionReason>>> {
        let sql = "SELECT c.id, s.reason FROM suppressions s \
                   JOIN identifiers i ON i.kind = 'email' AND i.value = s.address \
                   JOIN customers c ON c.id = i.customer \
                   WHERE c.email = s.address \
                   OR (c.email IS NOT NULL \
                   AND s.reason IN ('unsubscribe', 'complaint', 'erased')) \
                   ORDER BY c.id, c.email <> s.address, s.reason";
        let mut barred: HashMap<CustomerId, Vec<SuppressionReason>> = HashMap::new();
        for (customer, reason) in self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))? {
            barred.entry(customer).or_default().push(reason);
        }
        Ok(barred)
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

/// How hard it is to lift: a mended mailbox ends a bounce, an operator what an operator began and,
/// if whoever was erased wishes it, that; but only the customer can take back an unsubscribe, and nobody a complaint.
pub(crate) fn strength(reason: SuppressionReason) -> u8 {
    match reason {
        SuppressionReason::Bounce => 1,
        SuppressionReason::ByHand => 2,
        SuppressionReason::Erased => 3,
        SuppressionReason::Unsubscribe => 4,
        SuppressionReason::Complaint => 5,
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
