//! Lists: customers gathered by hand or by import.
//!
//! To be on a list says nothing about what somebody agreed to. Nobody is made by being put on one: an
//! address or id that leads to nobody is told back.

use aftercart_model::{CustomerId, ListId, Timestamp};
use aftercart_store::StoredList;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::{
    manage::{NAME_CHARS_MAX, checked_name, id_of_name},
    named_customer,
};
use crate::Engine;

/// Customers put on a list or taken off it in one transaction.
const BATCH: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListListing {
    pub id: ListId,
    pub name: String,
    pub customers: u64,
    pub created_at: Timestamp,
}

/// What became of addresses and ids that were to be put on a list or taken off it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListChanged {
    pub changed: u64,
    /// On it already, or not on it.
    pub unchanged: u64,
    /// What leads to no customer, as it was written.
    pub unknown: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListMember {
    pub customer: CustomerId,
    /// The shop's own id, else our number.
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    pub added_at: Timestamp,
}

impl Engine {
    /// Makes an empty list of a name nobody else's list has.
    pub fn create_list(&self, name: &str, now: Timestamp) -> Result<ListId> {
        let name = checked_name("list", name)?;
        let id = id_of_name(&name).with_context(|| {
            format!(
                "`{name}` has no letter or digit of the Latin alphabet; name the list with some"
            )
        })?;
        let id = ListId::new(id)?;
        self.store().write(|tx| {
            if tx.list(&id)?.is_some() {
                bail!("there is a list `{id}` already; choose another name, or add to that one");
            }
            tx.save_list(&StoredList { id: id.clone(), name, created_at: now })
        })?;
        Ok(id)
    }

    /// A list by its id or its name.
    pub fn find_list(&self, words: &str) -> Result<StoredList> {
        let lists = self.store().read(|tx| tx.lists())?;
        let wanted = words.trim().to_lowercase();
        let is_it = |it: &StoredList| it.id.as_str() == wanted || it.name.to_lowercase() == wanted;
        let names: Vec<&str> = lists.iter().map(|it| it.id.as_str()).collect();
        let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
        lists.iter().find(|it| is_it(it)).cloned().with_context(|| {
            let shown: String = words.chars().take(NAME_CHARS_MAX).collect();
            format!("there is no list `{shown}`; those there are: {names}")
        })
    }

    pub fn list_lists(&self) -> Result<Vec<ListListing>> {
        self.store().read(|tx| {
            let mut listings = Vec::new();
            for list in tx.lists()? {
                let customers = tx.list_members(&list.id)?.len() as u64;
                let StoredList { id, name, created_at } = list;
                listings.push(ListListing { id, name, customers, created_at });
            }
            Ok(listings)
        })
    }

    pub fn delete_list(&self, id: &ListId, now: Timestamp) -> Result<()> {
        let members = self.store().read(|tx| tx.list_members(id))?;
        let members: Vec<CustomerId> = members.into_iter().map(|(it, _)| it).collect();
        self.store().write(|tx| {
            let Some(list) = tx.list(id)? else { return Ok(false) };
            let names = [id.as_str(), &list.name];
            if let Some(place) = self.asked_in(tx, None, |it| it.names_list(&names))? {
                bail!("{place} asks for list `{id}`; change that first, then delete the list");
            }
            tx.delete_list(id)
        })?;
        self.follow_many(&members, now).map(drop)
    }

    /// Puts customers on a list, by addresses, the shop's ids and our numbers.
    pub fn add_to_list(
        &self,
        list: &ListId,
        customers: &[String],
        now: Timestamp,
    ) -> Result<ListChanged> {
        self.change_list(customers, now, |tx, customer| tx.add_to_list(list, customer, now))
    }

    pub fn remove_from_list(
        &self,
        list: &ListId,
        customers: &[String],
        now: Timestamp,
    ) -> Result<ListChanged> {
        self.change_list(customers, now, |tx, customer| tx.remove_from_list(list, customer))
    }

    fn change_list(
        &self,
        customers: &[String],
        now: Timestamp,
        change: impl Fn(&mut aftercart_store::Tx<'_>, CustomerId) -> Result<bool>,
    ) -> Result<ListChanged> {
        let mut sum = ListChanged::default();
        for batch in customers.chunks(BATCH) {
            let mut found = Vec::with_capacity(batch.len());
            self.store().read(|tx| {
                for words in batch {
                    match named_customer(tx, words)? {
                        Some(customer) => found.push(customer),
                        None => sum.unknown.push(words.clone()),
                    }
                }
                Ok(())
            })?;
            let changed = self.store().write(|tx| {
                let mut changed = 0;
                for customer in &found {
                    tx.lock_customer(*customer)?;
                    if change(tx, *customer)? {
                        changed += 1;
                        self.follow_segments(tx, *customer, now)?;
                    }
                }
                Ok(changed)
            })?;
            sum.changed += changed;
            sum.unchanged += found.len() as u64 - changed;
        }
        Ok(sum)
    }

    /// Who is on a list, in the order they were put on it, at most `limit` of them.
    pub fn show_list(&self, id: &ListId, limit: usize) -> Result<Vec<ListMember>> {
        self.store().read(|tx| {
            let mut members = Vec::new();
            for (id, added_at) in tx.list_members(id)?.into_iter().take(limit) {
                let Some(customer) = tx.customer(id)? else { continue };
                let name = format!("{} {}", customer.name.given, customer.name.family);
                members.push(ListMember {
                    customer: id,
                    id: tx.external_id_of(id)?.unwrap_or_else(|| id.to_string()),
                    name: name.trim().to_owned(),
                    email: customer.email.map(String::from),
                    added_at,
                });
            }
            Ok(members)
        })
    }
}
