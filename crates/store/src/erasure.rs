//! Erasing a customer: what goes, and the little that is left.
//!
//! An erased event keeps its place in the log, so that the log stays in order; what it said, whose it
//! was and the words of its key are gone. Its key is kept as a keyed hash, by which the same event is
//! known when it is told again. An order stays as a sale of nobody's, and its id is noted, so that
//! nobody is named for it later. Addresses stay barred by their keyed hashes. The key of all hashes is
//! the store's own and leaves it only with a copy of the store.
//!
//! Numbers of ours stay where sums need them: a message still has its customer's, which leads nowhere.

use std::{collections::BTreeSet, hash::Hasher as _};

use aftercart_model::{
    CustomerId, EmailAddress, EnrolmentId, EventBody, EventKey, EventKind, FlowId, Identifier,
    Suppression, SuppressionReason, Timestamp,
};
use anyhow::{Context as _, anyhow};
use siphasher::sip128::{Hasher128 as _, SipHasher24};

use crate::{
    Result,
    consent::strength,
    customers::parts_of,
    tx::{Counter, Tx},
    value::values,
};

/// Name of the secret by which everything here is hashed.
const KEY_NAME: &str = "erasure-key";

/// What stands in the place of words that spoke of somebody.
const ERASED: &str = "erased";

/// The events whose facts stay, as sales of nobody's: those of orders are numbered side by side.
const ORDER_KINDS: (EventKind, EventKind) = (EventKind::OrderPlaced, EventKind::OrderFulfilled);

/// How many rows an erasure changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedRows {
    pub members: u64,
    pub events: u64,
    pub letters: u64,
    pub messages: u64,
    pub reviews: u64,
    /// Orders that stay, without a person.
    pub orders: u64,
    /// Addresses that are barred from now on.
    pub addresses: u64,
}

impl Tx<'_> {
    /// Erases a customer with all members. Their enrolments have ended and their messages been
    /// cancelled before; a customer nobody knows is an error.
    pub fn erase_customer(&mut self, customer: CustomerId, at: Timestamp) -> Result<ErasedRows> {
        let members = self.members_of(customer)?;
        let root = members[0];
        self.customer(root)?.with_context(|| format!("customer {customer} is not in the store"))?;
        let key = self.ensure_erasure_key()?;
        let identifiers: Vec<Identifier> =
            self.identifiers_of(root)?.into_iter().map(|(it, _)| it).collect();
        let addresses = self.addresses_of(root, &members, &identifiers)?;
        let mut rows = ErasedRows { members: members.len() as u64, ..ErasedRows::default() };
        for address in &addresses {
            self.bar_for_ever(&key, address, at)?;
            let sql = "DELETE FROM letters WHERE address = ?1";
            rows.letters += self.execute(sql, values![address])?;
        }
        rows.addresses = addresses.len() as u64;
        for member in members.iter() {
            self.erase_mail_of(*member, &mut rows)?;
            self.erase_facts_of(*member, &mut rows)?;
            rows.events += self.erase_events_of(&key, *member)?;
            self.erase_member(*member)?;
            self.touch(*member);
        }
        self.forget_arrivals_of(&identifiers)?;
        self.members.clear();
        self.next(Counter::Erasure)?;
        Ok(rows)
    }

    /// Whether `customer`, who was there once, is there no more.
    pub fn is_erased(&mut self, customer: CustomerId) -> Result<bool> {
        if !self.has_erasures()? {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM customers WHERE bucket = ?1 AND id = ?2";
        Ok(self.first(sql, values![customer.bucket().0, customer], |_| Ok(()))?.is_none())
    }

    /// How many customers were ever erased.
    pub fn count_erasures(&mut self) -> Result<u64> {
        self.newest(Counter::Erasure)
    }

    /// The place in the log of the event of that key, if it was erased.
    pub fn erased_event(&mut self, key: &EventKey) -> Result<Option<u64>> {
        if !self.has_erasures()? {
            return Ok(None);
        }
        let Some(secret) = self.erasure_key()? else { return Ok(None) };
        let Some(source) = self.known_source(&key.source)? else { return Ok(None) };
        let key = erased_key(&secret, key);
        let sql = "SELECT seq FROM event_keys WHERE source = ?1 AND key = ?2";
        self.first(sql, values![source, &key], |row| row.get(0))
    }

    /// Whether the order was one of somebody who was erased, and is to stay nobody's.
    pub fn is_order_erased(&mut self, id: &aftercart_model::OrderId) -> Result<bool> {
        if !self.has_erasures()? {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM erased_orders WHERE id = ?1";
        Ok(self.first(sql, values![id], |_| Ok(()))?.is_some())
    }

    /// When the address was erased; `None` if it was not, or an operator has lifted it.
    pub fn address_erased_at(&mut self, address: &EmailAddress) -> Result<Option<Timestamp>> {
        Ok(self.erased_address(address)?.map(|(_, at)| at))
    }

    /// Lets an erased address be mailed again, unless something harder bars it, which stays. `false`:
    /// it was not erased.
    pub fn lift_erased(&mut self, address: &EmailAddress) -> Result<bool> {
        let Some((reason, at)) = self.erased_address(address)? else { return Ok(false) };
        let hash = self.address_hash(address)?.context("the key of erased addresses vanished")?;
        self.execute("DELETE FROM erased_addresses WHERE hash = ?1", values![&hash[..]])?;
        let sql = "DELETE FROM suppressions WHERE address = ?1 AND reason = ?2";
        self.execute(sql, values![address, SuppressionReason::Erased])?;
        self.touch_address(address)?;
        if reason != SuppressionReason::Erased {
            self.suppress(&Suppression { address: address.clone(), reason, at })?;
        }
        Ok(true)
    }

    /// Bars an address that comes back after whoever had it was erased.
    pub(crate) fn bar_if_erased(&mut self, identifier: &Identifier) -> Result<()> {
        let Identifier::Email(address) = identifier else { return Ok(()) };
        match self.erased_address(address)? {
            Some((reason, at)) => {
                self.suppress(&Suppression { address: address.clone(), reason, at })
            }
            None => Ok(()),
        }
    }

    fn erased_address(
        &mut self,
        address: &EmailAddress,
    ) -> Result<Option<(SuppressionReason, Timestamp)>> {
        if !self.has_erasures()? {
            return Ok(None);
        }
        let Some(hash) = self.address_hash(address)? else { return Ok(None) };
        let sql = "SELECT reason, at FROM erased_addresses WHERE hash = ?1";
        self.first(sql, values![&hash[..]], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn has_erasures(&mut self) -> Result<bool> {
        Ok(self.newest(Counter::Erasure)? > 0)
    }

    fn address_hash(&mut self, address: &EmailAddress) -> Result<Option<[u8; 16]>> {
        Ok(self.erasure_key()?.map(|key| hash(&key, &["address", address.as_str()])))
    }

    fn erasure_key(&mut self) -> Result<Option<[u8; 16]>> {
        if self.erasure_key.is_none() {
            let sql = "SELECT bytes FROM secrets WHERE name = ?1";
            let bytes: Option<Vec<u8>> = self.first(sql, values![KEY_NAME], |row| row.get(0))?;
            let key = bytes.map(<[u8; 16]>::try_from).transpose();
            self.erasure_key =
                key.map_err(|_| anyhow!("the key of what was erased is not 16 bytes"))?;
        }
        Ok(self.erasure_key)
    }

    /// The key, drawn before the first customer is erased.
    fn ensure_erasure_key(&mut self) -> Result<[u8; 16]> {
        if self.erasure_key()?.is_none() {
            let drawn: Vec<u8> = self.one(self.dialect().random_bytes(), &[])?;
            let sql = "INSERT INTO secrets (name, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            self.execute(sql, values![KEY_NAME, drawn.as_slice()])?;
        }
        self.erasure_key()?.context("the key of what is erased was not kept")
    }

    /// The customer's addresses: what leads to them, and what a member was known by unless it leads
    /// to somebody else by now.
    fn addresses_of(
        &mut self,
        root: CustomerId,
        members: &[CustomerId],
        identifiers: &[Identifier],
    ) -> Result<BTreeSet<EmailAddress>> {
        let mut addresses = BTreeSet::new();
        for identifier in identifiers {
            if let Identifier::Email(address) = identifier {
                addresses.insert(address.clone());
            }
        }
        for member in members {
            let sql = "SELECT email FROM customers WHERE bucket = ?1 AND id = ?2";
            let address: Option<Option<EmailAddress>> =
                self.first(sql, values![member.bucket().0, *member], |row| row.get(0))?;
            let Some(address) = address.flatten() else { continue };
            let owner = self.customer_by_identifier(&Identifier::Email(address.clone()))?;
            if owner.is_none_or(|it| it == root) {
                addresses.insert(address);
            }
        }
        Ok(addresses)
    }

    /// Turns what bars an address, or that it was erased, into a hash of it.
    fn bar_for_ever(
        &mut self,
        key: &[u8; 16],
        address: &EmailAddress,
        at: Timestamp,
    ) -> Result<()> {
        let (mut reason, mut since) = (SuppressionReason::Erased, at);
        let before = self.suppression_of(address)?.map(|it| (it.reason, it.at));
        for (known, at) in before.into_iter().chain(self.erased_address(address)?) {
            if strength(reason) <= strength(known) {
                (reason, since) = (known, at);
            }
        }
        self.execute("DELETE FROM suppressions WHERE address = ?1", values![address])?;
        let hash = hash(key, &["address", address.as_str()]);
        let sql = "INSERT INTO erased_addresses (hash, reason, at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (hash) DO UPDATE SET reason = excluded.reason, at = excluded.at";
        self.execute(sql, values![&hash[..], reason, since]).map(drop)
    }

    /// Letters, subjects and what servers answered; which order an enrolment began with.
    fn erase_mail_of(&mut self, member: CustomerId, rows: &mut ErasedRows) -> Result<()> {
        let bucket = member.bucket().0;
        let sql = "DELETE FROM letters WHERE bucket = ?1 AND message IN \
                   (SELECT id FROM messages WHERE bucket = ?1 AND customer = ?2)";
        rows.letters += self.execute(sql, values![bucket, member])?;
        let sql = "UPDATE message_changes SET reason = ?3 \
                   WHERE bucket = ?1 AND reason IS NOT NULL AND message IN \
                   (SELECT id FROM messages WHERE bucket = ?1 AND customer = ?2)";
        self.execute(sql, values![bucket, member, ERASED])?;
        let sql = "UPDATE messages SET subject = NULL, \
                   reason = CASE WHEN reason IS NULL THEN NULL ELSE ?3 END \
                   WHERE bucket = ?1 AND customer = ?2";
        rows.messages += self.execute(sql, values![bucket, member, ERASED])?;
        let sql = "SELECT id, flow, trigger_key FROM enrolments \
                   WHERE bucket = ?1 AND customer = ?2";
        let enrolments: Vec<(EnrolmentId, FlowId, String)> =
            self.all(sql, values![bucket, member], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        for (id, flow, trigger_key) in enrolments {
            let nameless = format!("{ERASED} {id}");
            let sql = "UPDATE enrolment_keys SET trigger_key = ?3 \
                       WHERE flow = ?1 AND trigger_key = ?2";
            self.execute(sql, values![&flow, &trigger_key, &nameless])?;
            let sql = "UPDATE enrolments SET trigger_key = ?3, trigger_order = NULL \
                       WHERE bucket = ?1 AND id = ?2";
            self.execute(sql, values![bucket, id, &nameless])?;
        }
        Ok(())
    }

    /// Orders stay as sales of nobody's, ratings as stars of nobody's; codes are taken back.
    fn erase_facts_of(&mut self, member: CustomerId, rows: &mut ErasedRows) -> Result<()> {
        let bucket = member.bucket().0;
        let placed = EventKind::OrderPlaced as u8;
        let sql = "INSERT INTO erased_orders (id) SELECT o.id FROM events e \
                   CROSS JOIN orders o WHERE e.bucket = ?1 AND e.customer = ?2 AND e.kind = ?3 \
                   AND o.bucket = e.bucket AND o.seq = e.seq ON CONFLICT DO NOTHING";
        self.execute(sql, values![bucket, member, placed])?;
        let sql = "UPDATE orders SET customer = NULL WHERE bucket = ?1 AND seq IN \
                   (SELECT seq FROM events WHERE bucket = ?1 AND customer = ?2 AND kind = ?3)";
        rows.orders += self.execute(sql, values![bucket, member, placed])?;
        let sql = "UPDATE reviews SET customer = NULL, author = '', text = '', bought_at = NULL, \
                   state = 'declined' WHERE bucket = ?1 AND customer = ?2";
        rows.reviews += self.execute(sql, values![bucket, member])?;
        let sql = "UPDATE coupons SET customer = NULL, \
                   state = CASE WHEN state = 'reserved' THEN 'expired' ELSE state END \
                   WHERE customer = ?1";
        self.execute(sql, values![member]).map(drop)
    }

    fn erase_events_of(&mut self, key: &[u8; 16], member: CustomerId) -> Result<u64> {
        let bucket = member.bucket().0;
        let sql = "SELECT e.seq, e.source, e.key, (SELECT s.name FROM sources s \
                   WHERE s.id = e.source) FROM events e WHERE e.bucket = ?1 AND e.customer = ?2";
        let events: Vec<(u64, i64, EventKey)> = self.all(sql, values![bucket, member], |row| {
            let key = EventKey { source: row.get(3)?, key: row.get(2)? };
            Ok((row.get(0)?, row.get(1)?, key))
        })?;
        let body = serde_json::to_string(&EventBody::Erased).context("an event of nothing")?;
        let (first, last) = ORDER_KINDS;
        let sql = "UPDATE events SET kind = ?3, body = ?4 WHERE bucket = ?1 AND customer = ?2 \
                   AND kind NOT BETWEEN ?5 AND ?6";
        let kind = EventKind::Erased as u8;
        self.execute(sql, values![bucket, member, kind, &body, first as u8, last as u8])?;
        for (seq, source, known) in &events {
            let nameless = erased_key(key, known);
            let sql = "UPDATE events SET customer = NULL, key = ?3 WHERE bucket = ?1 AND seq = ?2";
            self.execute(sql, values![bucket, *seq, &nameless])?;
            let sql = "UPDATE event_keys SET key = ?3, hash = 0, stated_at = NULL \
                       WHERE source = ?1 AND key = ?2";
            self.execute(sql, values![*source, &known.key, &nameless])?;
        }
        Ok(events.len() as u64)
    }

    fn erase_member(&mut self, member: CustomerId) -> Result<()> {
        let bucket = member.bucket().0;
        for sql in [
            "DELETE FROM consents WHERE bucket = ?1 AND customer = ?2",
            "DELETE FROM consent_entries WHERE bucket = ?1 AND customer = ?2",
            "DELETE FROM standings WHERE bucket = ?1 AND customer = ?2",
            "DELETE FROM customers WHERE bucket = ?1 AND id = ?2",
        ] {
            self.execute(sql, values![bucket, member])?;
        }
        for sql in [
            "DELETE FROM identifiers WHERE customer = ?1",
            "DELETE FROM requests WHERE customer = ?1",
            "DELETE FROM list_members WHERE customer = ?1",
        ] {
            self.execute(sql, values![member])?;
        }
        Ok(())
    }

    /// Arrivals name nobody, but a key of theirs may be made of an id.
    fn forget_arrivals_of(&mut self, identifiers: &[Identifier]) -> Result<()> {
        let sql = "SELECT id, name, key, reason FROM arrivals";
        let mut naming: Vec<u64> = Vec::new();
        self.for_each(sql, &[], &mut |row| {
            let texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
            let is_named =
                identifiers.iter().any(|it| texts.iter().any(|text| names(text, parts_of(it).1)));
            if is_named {
                naming.push(row.get(0)?);
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        for id in naming {
            self.execute("DELETE FROM arrivals WHERE id = ?1", values![id])?;
        }
        Ok(())
    }
}

/// Whether `word` stands in `text`, not as a part of a longer word.
fn names(text: &str, word: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let after = &text[at + word.len()..];
            !is_word(text[..at].chars().next_back()) && !is_word(after.chars().next())
        })
}

/// What is left of a key. Stored, so its form is for ever.
fn erased_key(secret: &[u8; 16], key: &EventKey) -> String {
    let hash = u128::from_be_bytes(hash(secret, &["event", &key.source, &key.key]));
    format!("{ERASED}/{hash:032x}")
}

/// A hash of texts that nobody can try out without the key.
fn hash(key: &[u8; 16], texts: &[&str]) -> [u8; 16] {
    let mut hasher = SipHasher24::new_with_key(key);
    for text in texts {
        hasher.write_u64(text.len() as u64);
        hasher.write(text.as_bytes());
    }
    hasher.finish128().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_an_id_only_as_a_whole() {
        assert!(names("customer:7@1772366400000", "7"));
        assert!(names("consent:7/marketing", "7"));
        assert!(!names("customer:77", "7"));
        assert!(!names("order:1007", "7"));
        assert!(!names("anything", ""));
    }

    #[test]
    fn the_hashes_are_for_ever() {
        let key = EventKey { source: "shopify".to_owned(), key: "customer:7".to_owned() };
        insta::assert_snapshot!(erased_key(&[7; 16], &key));
        assert_ne!(hash(&[7; 16], &["a", "bc"]), hash(&[7; 16], &["ab", "c"]));
        assert_ne!(hash(&[7; 16], &["a"]), hash(&[8; 16], &["a"]));
    }
}
