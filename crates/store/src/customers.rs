//! Customers and the identifiers that lead to them.
//!
//! A row is a *member*. Members found to be one customer form a cluster, and its root, the member
//! with the smallest id, is the customer that everything shows. What was stored under a member stays
//! there for ever; whoever asks for a customer is answered for all members.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use aftercart_model::{
    Customer, CustomerId, CustomerName, EmailAddress, ExternalId, Identifier, Timestamp,
    identity::{KnownIdentifier, MEMBERS_MAX, address_of},
};
use anyhow::{Context as _, bail};

use crate::{
    Result,
    dialect::Dialect,
    tx::{Counter, Tx},
    value::{Row, Value, values},
};

macro_rules! select_customers {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.email, c.given_name, c.family_name, c.time_zone, c.country, \
             c.locale, c.created_at, c.attributes, c.merged_into FROM customers c ",
            $rest
        )
    };
}

/// Greater than every text that begins as the text before it does.
const AFTER_ALL: char = char::MAX;

/// Before the source of an external id in the column `kind`: `external:shopify`. No other kind of
/// identifier begins so.
const EXTERNAL: &str = "external:";

/// How many answers on who is one with whom a transaction keeps, so that an import stays flat.
const MEMBERS_KEPT_MAX: usize = 4_096;

impl Tx<'_> {
    /// The members of a customer, the root first, whichever of them `id` is.
    pub fn members_of(&mut self, id: CustomerId) -> Result<Rc<[CustomerId]>> {
        if let Some(members) = self.members.get(&id) {
            return Ok(Rc::clone(members));
        }
        let sql = "SELECT coalesce(c.merged_into, c.id), m.id FROM customers c \
                   LEFT JOIN customers m ON m.merged_into = coalesce(c.merged_into, c.id) \
                   WHERE c.bucket = ?1 AND c.id = ?2 ORDER BY m.id";
        let rows: Vec<(CustomerId, Option<CustomerId>)> =
            self.all(sql, values![id.bucket().0, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((root, _)) = rows.first() else { return Ok(Rc::new([id])) };
        let others = rows.iter().filter_map(|(_, member)| *member);
        let members: Rc<[CustomerId]> = std::iter::once(*root).chain(others).collect();
        if self.members.len() >= MEMBERS_KEPT_MAX {
            self.members.clear();
        }
        self.members.insert(id, Rc::clone(&members));
        Ok(members)
    }

    /// The customer that a member now is.
    pub fn root_of(&mut self, id: CustomerId) -> Result<CustomerId> {
        Ok(self.members_of(id)?[0])
    }

    /// What `ask` finds of each member of a customer, one after the other.
    pub(crate) fn of_members<T>(
        &mut self,
        customer: CustomerId,
        mut ask: impl FnMut(&mut Self, CustomerId) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let members = self.members_of(customer)?;
        let mut found = ask(self, members[0])?;
        for member in &members[1..] {
            found.extend(ask(self, *member)?);
        }
        Ok(found)
    }

    /// Of all members that are no roots, the root; for questions about everybody.
    pub fn merged_customers(&mut self) -> Result<HashMap<CustomerId, CustomerId>> {
        let sql = "SELECT id, merged_into FROM customers WHERE merged_into IS NOT NULL";
        let merged = self.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(merged.into_iter().collect())
    }

    /// Makes two customers one and returns the root. What is stored under a member stays there; the
    /// identifiers lead to the root, which knows what any of them knew and agrees to what none of
    /// them refused. A customer of more than [`MEMBERS_MAX`] members is an error.
    pub fn merge_customers(&mut self, one: CustomerId, other: CustomerId) -> Result<CustomerId> {
        let (mut kept, mut gone) = (self.members_of(one)?, self.members_of(other)?);
        if kept[0] == gone[0] {
            return Ok(kept[0]);
        }
        if gone[0] < kept[0] {
            std::mem::swap(&mut kept, &mut gone);
        }
        let root = kept[0];
        let count = kept.len() + gone.len();
        if count > MEMBERS_MAX {
            bail!(
                "customer {root} would be {count} customers in one; at most {MEMBERS_MAX} can be"
            );
        }
        let fail = || format!("customer {root} cannot be merged");
        let mut customer = self.customer(root)?.with_context(fail)?;
        let merged = self.customer(gone[0])?.with_context(fail)?;
        for member in gone.iter() {
            let sql = "UPDATE customers SET merged_into = ?3 WHERE bucket = ?1 AND id = ?2";
            self.execute(sql, values![member.bucket().0, *member, root])?;
            self.touch(*member);
        }
        let sql = "UPDATE identifiers SET customer = ?2 WHERE customer = ?1";
        self.execute(sql, values![gone[0], root])?;
        // How the whole customer stands to segments is asked anew by whoever made them one.
        let sql = "DELETE FROM standings WHERE bucket = ?1 AND customer = ?2";
        self.execute(sql, values![gone[0].bucket().0, gone[0]])?;
        self.members.clear();
        fill_gaps(&mut customer, merged);
        self.save_customer(&customer)?;
        self.settle_address(root)?;
        self.settle_consents(root)?;
        Ok(root)
    }

    pub fn identifier(&mut self, identifier: &Identifier) -> Result<Option<KnownIdentifier>> {
        let (kind, value) = parts_of(identifier);
        let sql = "SELECT customer, tied_at FROM identifiers WHERE kind = ?1 AND value = ?2";
        self.first(sql, values![&*kind, value], |row| {
            Ok(KnownIdentifier { customer: row.get(0)?, tied_at: row.get(1)? })
        })
    }

    /// Lets an identifier lead where `known` says, wherever it led before.
    pub fn save_identifier(
        &mut self,
        identifier: &Identifier,
        known: &KnownIdentifier,
    ) -> Result<()> {
        self.bar_if_erased(identifier)?;
        let (kind, value) = parts_of(identifier);
        let sql = "INSERT INTO identifiers (kind, value, customer, tied_at) \
                   VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, value) DO UPDATE \
                   SET customer = excluded.customer, tied_at = excluded.tied_at";
        self.execute(sql, values![&*kind, value, known.customer, known.tied_at]).map(drop)
    }

    /// All that leads to a customer, by kind and text.
    pub fn identifiers_of(
        &mut self,
        customer: CustomerId,
    ) -> Result<Vec<(Identifier, KnownIdentifier)>> {
        let root = self.root_of(customer)?;
        let sql = "SELECT kind, value, customer, tied_at FROM identifiers WHERE customer = ?1 \
                   ORDER BY kind, value";
        self.all(sql, values![root], |row| {
            let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
            let known = KnownIdentifier { customer: row.get(2)?, tied_at: row.get(3)? };
            Ok((identifier_of(&kind, value)?, known))
        })
    }

    /// Writes to the address that [`address_of`] says. One that is no identifier of theirs any more is
    /// theirs no more.
    pub fn settle_address(&mut self, customer: CustomerId) -> Result<()> {
        let root = self.root_of(customer)?;
        let sql = "SELECT value, tied_at FROM identifiers WHERE customer = ?1 AND kind = 'email'";
        let claimed: Vec<(EmailAddress, Option<Timestamp>)> =
            self.all(sql, values![root], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let now = self.customer(root)?.and_then(|it| it.email);
        let newest = address_of(&claimed, now.as_ref());
        if newest != now.as_ref() {
            let sql = "UPDATE customers SET email = ?3 WHERE bucket = ?1 AND id = ?2";
            self.execute(sql, values![root.bucket().0, root, newest])?;
        }
        self.touch(root);
        Ok(())
    }

    pub fn customer_by_identifier(
        &mut self,
        identifier: &Identifier,
    ) -> Result<Option<CustomerId>> {
        let (kind, value) = parts_of(identifier);
        let sql = "SELECT customer FROM identifiers WHERE kind = ?1 AND value = ?2";
        self.first(sql, values![&*kind, value], |row| row.get(0))
    }

    /// The identifiers that are this id, whoever gave it.
    pub fn external_ids(&mut self, id: &str) -> Result<Vec<Identifier>> {
        let sql = "SELECT kind FROM identifiers WHERE value = ?1 \
                   AND kind >= 'external:' AND kind < 'external;' ORDER BY kind";
        let kinds: Vec<String> = self.all(sql, values![id], |row| row.get(0))?;
        kinds.iter().map(|kind| identifier_of(kind, id.to_owned())).collect()
    }

    /// The customer whom some source gave this id; of several the one first seen.
    pub fn customer_by_external_id(&mut self, id: &str) -> Result<Option<CustomerId>> {
        let sql = "SELECT customer FROM identifiers WHERE value = ?1 \
                   AND kind >= 'external:' AND kind < 'external;' ORDER BY customer LIMIT 1";
        self.first(sql, values![id], |row| row.get(0))
    }

    /// Somebody new, of whom nothing is known but perhaps an address, which is to become an
    /// identifier of theirs.
    pub fn create_customer(
        &mut self,
        email: Option<&EmailAddress>,
        created_at: Timestamp,
    ) -> Result<CustomerId> {
        let serial = self.next(Counter::Customer)?;
        let id = CustomerId::new(serial, self.bucket_key());
        let sql = "INSERT INTO customers (bucket, id, email, given_name, family_name, \
                   full_name_key, family_name_key, created_at, attributes) \
                   VALUES (?1, ?2, ?3, '', '', '', '', ?4, '{}')";
        self.execute(sql, values![id.bucket().0, id, email, created_at])?;
        self.touch(id);
        Ok(id)
    }

    /// Lets `identifier` lead to `customer`. An address becomes the customer's if they have none.
    ///
    /// An identifier that leads to another customer is an error: the two are to be merged first.
    pub fn add_identifier(&mut self, customer: CustomerId, identifier: &Identifier) -> Result<()> {
        let customer = self.root_of(customer)?;
        self.bar_if_erased(identifier)?;
        let (kind, value) = parts_of(identifier);
        let sql = "INSERT INTO identifiers (kind, value, customer) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        if self.execute(sql, values![&*kind, value, customer])? == 0 {
            let owner = self.customer_by_identifier(identifier)?;
            let owner = owner.context("an identifier vanished")?;
            if owner != customer {
                bail!(
                    "an identifier of customer {customer} leads to customer {owner} already; \
                     merge the two first"
                );
            }
        }
        if let Identifier::Email(address) = identifier {
            let sql = "UPDATE customers SET email = ?3 \
                       WHERE bucket = ?1 AND id = ?2 AND email IS NULL";
            self.execute(sql, values![customer.bucket().0, customer, address])?;
            // A bar of the address is theirs now.
            self.touch(customer);
        }
        Ok(())
    }

    /// An id that a source gave a customer: the shop's own before a platform's, and of one source the
    /// first by the alphabet; `None` if none gave one.
    pub fn external_id_of(&mut self, customer: CustomerId) -> Result<Option<String>> {
        let sql = "SELECT value FROM identifiers WHERE customer = ?1 \
                   AND kind >= 'external:' AND kind < 'external;' \
                   ORDER BY CASE kind WHEN 'external:shop' THEN 0 ELSE 1 END, kind, value LIMIT 1";
        let root = self.root_of(customer)?;
        self.first(sql, values![root], |row| row.cells().take())
    }

    /// A customer; of a member, the root.
    pub fn customer(&mut self, id: CustomerId) -> Result<Option<Customer>> {
        let sql = select_customers!("WHERE c.bucket = ?1 AND c.id = ?2");
        let read = |row: &Row<'_>| Ok((read_customer(row)?, row.get(MERGED_INTO)?));
        let found: Option<(Customer, Option<CustomerId>)> =
            self.first(sql, values![id.bucket().0, id], read)?;
        match found {
            Some((_, Some(root))) => self.first(sql, values![root.bucket().0, root], read_customer),
            found => Ok(found.map(|(customer, _)| customer)),
        }
    }

    /// Keeps what is known of a customer. Their address becomes an identifier of theirs too.
    pub fn save_customer(&mut self, customer: &Customer) -> Result<()> {
        let CustomerName { given, family } = &customer.name;
        let full_key = format!("{given} {family}").trim().to_lowercase();
        let family_key = family.to_lowercase();
        let attributes = serde_json::to_string(&customer.attributes)
            .context("a customer's attributes cannot be written")?;
        let sql = "UPDATE customers SET email = ?3, given_name = ?4, family_name = ?5, \
                   full_name_key = ?6, family_name_key = ?7, time_zone = ?8, country = ?9, \
                   locale = ?10, created_at = ?11, attributes = ?12 \
                   WHERE bucket = ?1 AND id = ?2";
        let id = self.root_of(customer.id)?;
        let saved = self.execute(
            sql,
            values![
                id.bucket().0,
                id,
                customer.email.as_ref(),
                given,
                family,
                &full_key,
                &family_key,
                customer.time_zone.as_deref(),
                customer.country.as_deref(),
                customer.locale.as_deref(),
                customer.created_at,
                &attributes,
            ],
        )?;
        if saved == 0 {
            bail!("customer {id} is not in the store; create them first");
        }
        self.touch(id);
        match &customer.email {
            Some(address) => self.add_identifier(id, &Identifier::Email(address.clone())),
            None => Ok(()),
        }
    }

    /// Keeps the first time anything happened to a customer, a root, whenever it is told.
    pub fn known_since(&mut self, id: CustomerId, at: Timestamp) -> Result<()> {
        let sql = "UPDATE customers SET created_at = ?3 \
                   WHERE bucket = ?1 AND id = ?2 AND created_at > ?3";
        self.execute(sql, values![id.bucket().0, id, at]).map(drop)
    }

    /// Customers whose name, family name, address, external id or order id begins so.
    pub fn find_customers(&mut self, beginning: &str, limit: u32) -> Result<Vec<Customer>> {
        let beginning = beginning.trim();
        if beginning.is_empty() {
            return self.customers_page(None, limit);
        }
        let key = beginning.to_lowercase();
        let wide = limit as usize;
        let mut found: Vec<CustomerId> = Vec::new();
        // Addresses and names are searched in lower case, as they are kept; codes as they are.
        for (sql, beginning) in [
            (
                "SELECT customer FROM identifiers WHERE kind = 'email' \
                 AND value >= ?1 AND value < ?2 ORDER BY value LIMIT ?3",
                &*key,
            ),
            (
                "SELECT id FROM customers WHERE full_name_key <> '' \
                 AND full_name_key >= ?1 AND full_name_key < ?2 ORDER BY full_name_key, id LIMIT ?3",
                &*key,
            ),
            (
                "SELECT id FROM customers WHERE family_name_key <> '' AND family_name_key >= ?1 \
                 AND family_name_key < ?2 ORDER BY family_name_key, id LIMIT ?3",
                &*key,
            ),
            (
                "SELECT customer FROM identifiers WHERE value >= ?1 AND value < ?2 \
                 AND kind >= 'external:' AND kind < 'external;' ORDER BY value, kind LIMIT ?3",
                beginning,
            ),
            (
                "SELECT o.customer FROM order_ids i \
                 JOIN orders o ON o.bucket = i.bucket AND o.seq = i.seq \
                 WHERE i.id >= ?1 AND i.id < ?2 AND o.customer IS NOT NULL \
                 ORDER BY i.id LIMIT ?3",
                beginning,
            ),
        ] {
            if found.len() >= wide {
                break;
            }
            let end = format!("{beginning}{AFTER_ALL}");
            for id in self.all(sql, values![beginning, &end, limit], |row| row.get(0))? {
                let id = self.root_of(id)?;
                if !found.contains(&id) && found.len() < wide {
                    found.push(id);
                }
            }
        }
        let mut customers = Vec::with_capacity(found.len());
        for id in found {
            customers.extend(self.customer(id)?);
        }
        Ok(customers)
    }

    /// Customers in the order in which they were first seen.
    pub fn customers_page(
        &mut self,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Vec<Customer>> {
        let sql =
            select_customers!("WHERE c.id > ?1 AND c.merged_into IS NULL ORDER BY c.id LIMIT ?2");
        let after = after.map_or(Value::Int(0), Value::from);
        self.all(sql, &[after, limit.into()], read_customer)
    }

    /// Customers before `before`, the newest first.
    pub fn newest_customers(
        &mut self,
        before: Option<CustomerId>,
        limit: u32,
    ) -> Result<Vec<Customer>> {
        let sql = select_customers!(
            "WHERE c.id < ?1 AND c.merged_into IS NULL ORDER BY c.id DESC LIMIT ?2"
        );
        let before = before.map_or(Value::Int(i64::MAX), Value::from);
        self.all(sql, &[before, limit.into()], read_customer)
    }

    pub fn scan_customers(&mut self, f: &mut dyn FnMut(Customer) -> Result<()>) -> Result<()> {
        let sql = select_customers!("WHERE c.merged_into IS NULL ORDER BY c.id");
        self.scan(sql, &[], read_customer, f)
    }

    pub fn count_customers(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM customers WHERE merged_into IS NULL", &[])
    }

    /// How many customers there are, counted no further than `max`.
    pub fn count_customers_to(&mut self, max: u32) -> Result<u64> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM customers \
                   WHERE merged_into IS NULL LIMIT ?1) t";
        self.one(sql, values![max])
    }

    /// Holds the row that orders what happens to a customer, until the end of the transaction: the
    /// root's, so that it is one row for all members. Who they are is asked anew.
    pub fn lock_customer(&mut self, id: CustomerId) -> Result<()> {
        // SQLite has one writer, and this is it. On PostgreSQL, too, changes come one after the
        // other, so that nobody is merged between the question and the lock.
        if self.dialect() == Dialect::Postgres {
            self.members.remove(&id);
            let id = self.root_of(id)?;
            let sql = "SELECT 1 FROM customers WHERE bucket = ?1 AND id = ?2 FOR UPDATE";
            self.first(sql, values![id.bucket().0, id], |_| Ok(()))?;
        }
        Ok(())
    }
}

/// An identifier as it is stored, for ever: its kind and its text. The kind of an external id names
/// who gave it.
pub(crate) fn parts_of(identifier: &Identifier) -> (Cow<'static, str>, &str) {
    match identifier {
        Identifier::Email(address) => ("email".into(), address.as_str()),
        Identifier::External(it) => (format!("{EXTERNAL}{}", it.source).into(), &it.id),
        Identifier::Visitor(id) => ("visitor".into(), id),
        Identifier::Cart(token) => ("cart".into(), token),
    }
}

pub(crate) fn identifier_of(kind: &str, value: String) -> Result<Identifier> {
    if let Some(source) = kind.strip_prefix(EXTERNAL) {
        let source = Cow::Owned(source.to_owned());
        return Ok(Identifier::External(ExternalId { source, id: value }));
    }
    Ok(match kind {
        "email" => Identifier::Email(EmailAddress::try_from(value)?),
        "visitor" => Identifier::Visitor(value),
        "cart" => Identifier::Cart(value),
        other => bail!("the store holds `{other}`, which is no kind of identifier"),
    })
}

/// Takes over what is known of `other` alone.
fn fill_gaps(customer: &mut Customer, other: Customer) {
    let fill = |known: &mut String, more: String| {
        if known.is_empty() {
            *known = more;
        }
    };
    fill(&mut customer.name.given, other.name.given);
    fill(&mut customer.name.family, other.name.family);
    customer.time_zone = customer.time_zone.take().or(other.time_zone);
    customer.country = customer.country.take().or(other.country);
    customer.locale = customer.locale.take().or(other.locale);
    customer.created_at = customer.created_at.min(other.created_at);
    customer.email = customer.email.take().or(other.email);
    for (name, value) in other.attributes {
        customer.attributes.entry(name).or_insert(value);
    }
}

/// The column after those of [`read_customer`].
const MERGED_INTO: usize = 9;

fn read_customer(row: &Row<'_>) -> Result<Customer> {
    let mut cells = row.cells();
    let id = cells.take()?;
    let email = cells.take()?;
    let name = CustomerName { given: cells.take()?, family: cells.take()? };
    let (time_zone, country, locale) = (cells.take()?, cells.take()?, cells.take()?);
    let created_at = cells.take()?;
    let attributes: String = cells.take()?;
    let attributes = serde_json::from_str(&attributes)
        .map_err(|_| anyhow::anyhow!("the attributes of customer {id} cannot be read"))?;
    Ok(Customer { id, email, name, time_zone, country, locale, created_at, attributes })
}
