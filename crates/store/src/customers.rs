//! Customers and the identifiers that lead to them.

use aftercart_model::{Customer, CustomerId, CustomerName, Identifier, Timestamp};
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
             c.locale, c.created_at, c.attributes FROM customers c ",
            $rest
        )
    };
}

/// Greater than every text that begins as the text before it does.
const AFTER_ALL: char = char::MAX;

impl Tx<'_> {
    pub fn customer_by_identifier(
        &mut self,
        identifier: &Identifier,
    ) -> Result<Option<CustomerId>> {
        let (kind, value) = parts_of(identifier);
        let sql = "SELECT customer FROM identifiers WHERE kind = ?1 AND value = ?2";
        self.first(sql, values![kind, value], |row| row.get(0))
    }

    pub fn create_customer(&mut self, created_at: Timestamp) -> Result<CustomerId> {
        let serial = self.next(Counter::Customer)?;
        let id = CustomerId::new(serial, self.bucket_key());
        let sql = "INSERT INTO customers (bucket, id, given_name, family_name, full_name_key, \
                   family_name_key, created_at, attributes) \
                   VALUES (?1, ?2, '', '', '', '', ?3, '{}')";
        self.execute(sql, values![id.bucket().0, id, created_at])?;
        Ok(id)
    }

    /// Lets `identifier` lead to `customer`. An address becomes the customer's if they have none.
    ///
    /// An identifier that leads to another customer is an error: the two are to be merged first.
    pub fn add_identifier(&mut self, customer: CustomerId, identifier: &Identifier) -> Result<()> {
        let (kind, value) = parts_of(identifier);
        let sql = "INSERT INTO identifiers (kind, value, customer) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        if self.execute(sql, values![kind, value, customer])? == 0 {
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
        }
        Ok(())
    }

    /// The shop's own id of a customer, the first it gave; `None` if it never gave one.
    pub fn external_id_of(&mut self, customer: CustomerId) -> Result<Option<String>> {
        let sql = "SELECT value FROM identifiers WHERE customer = ?1 AND kind = 'external' \
                   ORDER BY value LIMIT 1";
        self.first(sql, values![customer], |row| row.cells().take())
    }

    pub fn customer(&mut self, id: CustomerId) -> Result<Option<Customer>> {
        let sql = select_customers!("WHERE c.bucket = ?1 AND c.id = ?2");
        self.first(sql, values![id.bucket().0, id], read_customer)
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
        let id = customer.id;
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
        match &customer.email {
            Some(address) => self.add_identifier(id, &Identifier::Email(address.clone())),
            None => Ok(()),
        }
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
                "SELECT customer FROM identifiers WHERE kind = 'external' \
                 AND value >= ?1 AND value < ?2 ORDER BY value LIMIT ?3",
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
        let sql = select_customers!("WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
        let after = after.map_or(Value::Int(0), Value::from);
        self.all(sql, &[after, limit.into()], read_customer)
    }

    /// Customers before `before`, the newest first.
    pub fn newest_customers(
        &mut self,
        before: Option<CustomerId>,
        limit: u32,
    ) -> Result<Vec<Customer>> {
        let sql = select_customers!("WHERE c.id < ?1 ORDER BY c.id DESC LIMIT ?2");
        let before = before.map_or(Value::Int(i64::MAX), Value::from);
        self.all(sql, &[before, limit.into()], read_customer)
    }

    pub fn scan_customers(&mut self, f: &mut dyn FnMut(Customer) -> Result<()>) -> Result<()> {
        self.scan(select_customers!("ORDER BY c.id"), &[], read_customer, f)
    }

    pub fn count_customers(&mut self) -> Result<u64> {
        self.one("SELECT count(*) FROM customers", &[])
    }

    /// How many customers there are, counted no further than `max`.
    pub fn count_customers_to(&mut self, max: u32) -> Result<u64> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM customers LIMIT ?1) t";
        self.one(sql, values![max])
    }

    /// Holds the row that orders what happens to a customer, until the end of the transaction.
    pub fn lock_customer(&mut self, id: CustomerId) -> Result<()> {
        // SQLite has one writer, and this is it.
        if self.dialect() == Dialect::Postgres {
            let sql = "SELECT 1 FROM customers WHERE bucket = ?1 AND id = ?2 FOR UPDATE";
            self.first(sql, values![id.bucket().0, id], |_| Ok(()))?;
        }
        Ok(())
    }
}

fn parts_of(identifier: &Identifier) -> (&'static str, &str) {
    match identifier {
        Identifier::Email(address) => ("email", address.as_str()),
        Identifier::External(id) => ("external", id),
        Identifier::Visitor(id) => ("visitor", id),
        Identifier::Cart(token) => ("cart", token),
    }
}

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
